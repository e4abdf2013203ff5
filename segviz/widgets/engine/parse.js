// The file of a network, as `packing.py` writes it, back to a network.

/**
 * @typedef {object} Network
 * @property {string} name
 * @property {string} title  the class of the module in Python
 * @property {number} channels  of the picture
 * @property {number} least  the least height and width in pixels
 * @property {object[]} steps  each {op, from: values, to: value or values, module, …settings}; value 0 is the picture
 * @property {{shape: number[], values: Float32Array}[]} tensors  the weights, made anew by each look at `values`: a
 *   network that waits takes no more than its file
 * @property {Object<string, number|null>} names  of modules: the value that each gives, null where it is not run
 * @property {number} out  the value that is the network's own
 */

/**
 * @param {Uint8Array|ArrayBuffer} bytes
 * @returns {Network}
 */
export function parse(bytes) {
  const whole = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  const start = whole.length < 4 ? Infinity : 4 + view.getUint32(0, true);
  if (start > whole.length) throw new Error(cutShort(whole.length));
  let head;
  try {
    head = JSON.parse(new TextDecoder().decode(whole.subarray(4, start)));
  } catch {
    throw new Error("This is no file of a network: it does not begin with a program.");
  }
  const tensors = head.tensors.map(({ shape, offset, type }) => {
    const count = shape.reduce((product, side) => product * side, 1);
    const half = type === "float16";
    const from = start + offset;
    const to = from + count * (half ? 2 : 4);
    if (to > whole.length) throw new Error(cutShort(whole.length));
    const own = () => whole.slice(from, to).buffer; // aligned, whatever the bytes are a view of
    return { shape, get values() { return half ? widened(new Uint16Array(own())) : new Float32Array(own()); } };
  });
  return { ...head, tensors };
}

function cutShort(length) {
  return `The network's weights are cut short: the file ends after ${length} bytes.`;
}

let table = null;

/** Numbers of 16 bits in 32. */
function widened(halves) {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => numberOf(bits));
  const wide = new Float32Array(halves.length); // a loop: a call for each number would take ten times as long
  for (let at = 0; at < halves.length; at++) wide[at] = table[halves[at]];
  return wide;
}

/** One sign, five bits of exponent, ten of fraction. */
function numberOf(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * (1024 + fraction) * 2 ** (exponent - 25) : sign * fraction * 2 ** -24;
}
