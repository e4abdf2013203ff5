// The memory of one network: the maps, then what the kernels read, then the room in which they work.

const PAGE = 65536;

export class Room {
  /**
   * @param {WebAssembly.Memory} memory
   * @param {object} kernels  what the module of the kernels exports
   * @param {object} given  {shapes, tensors, found (the maps' places), maps (how many numbers they take), switches (a Set)}
   */
  constructor(memory, kernels, { shapes, tensors, found, maps, switches }) {
    Object.assign(this, { memory, kernels, shapes, tensors, found, switches });
    this.end = kernels.__heap_base.value;
    this.mapped = maps;
    this.maps = this.take(maps);
    this.works = { count: 0, address: 0, words: [] };
    this.place = this.place.bind(this);
  }

  /** The address of new room for so many numbers. */
  take(count) {
    const address = (this.end + 63) & ~63;
    this.end = address + 4 * count;
    this.reach(this.end);
    return address;
  }

  reach(end) {
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
  }

  /** Where the numbers stand from now on. */
  put(values) {
    const address = this.take(values.length);
    new values.constructor(this.memory.buffer, address, values.length).set(values);
    return address;
  }

  /** Where the numbers stand until more room is taken. */
  lend(values) {
    const { end } = this;
    const address = this.put(values);
    this.end = end;
    return address;
  }

  /** Asks for room to work in; what is given has the `address` after `open`, which is also written to the word. */
  work(count, word = null) {
    this.works.count = Math.max(this.works.count, count);
    if (word !== null) this.works.words.push(word);
    return this.works;
  }

  /** Takes the room to work in: one for all, since one part runs at a time. */
  open() {
    this.works.address = this.take(this.works.count);
    for (const word of this.works.words) new Int32Array(this.memory.buffer, word, 1)[0] = this.works.address;
  }

  /** Where a map lies: its address, from plane to plane, its shape, and the numbers of a plane. */
  place(value) {
    const { buffer, channel } = this.found.get(value);
    const shape = this.shapes[value];
    const address = this.maps + 4 * (buffer.start + channel * buffer.pitch);
    return { address, pitch: buffer.pitch, shape, count: shape[1] * shape[2] };
  }

  typeOf(value) {
    return this.switches.has(value) ? Int32Array : Float32Array;
  }

  /** A copy of a map, plane after plane without gaps. */
  read(value, Type = this.typeOf(value)) {
    const { address, pitch, shape, count } = this.place(value);
    const values = new Type(shape[0] * count);
    for (let channel = 0; channel < shape[0]; channel++) {
      values.set(new Type(this.memory.buffer, address + 4 * channel * pitch, count), channel * count);
    }
    return values;
  }

  write(value, numbers) {
    const { address, pitch, shape, count } = this.place(value);
    const Type = this.typeOf(value);
    for (let channel = 0; channel < shape[0]; channel++) {
      new Type(this.memory.buffer, address + 4 * channel * pitch, count).set(numbers.subarray(channel * count, (channel + 1) * count));
    }
  }
}
