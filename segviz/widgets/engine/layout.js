// Where each map lies in the memory: maps that are concatenated lie side by side from the start, so that nothing is
// copied, and maps that are never there together share their place.

/** Numbers that a kernel may read, and never writes, behind the last plane. */
export const SLACK = 32;

/** From plane to plane: a multiple of 4, and none of 1024, which would put all planes on the same lines of the cache. */
export function pitchOf([, rows, columns]) {
  const pitch = (rows * columns + 3) & ~3;
  return pitch % 1024 ? pitch : pitch + 16;
}

/**
 * @typedef {object} Place
 * @property {object} buffer  with the number of its `channels`
 * @property {number} channel  the first that is the map's own
 */

/**
 * Gives every value its place. The last concatenation is laid out first: what it takes in, and is not laid out yet,
 * lies within it.
 *
 * @param {import("./fusing.js").Part[]} parts
 * @param {number[][]} shapes
 * @returns {Map<number, Place>}
 */
export function places(parts, shapes) {
  const found = new Map();
  const own = (value) => {
    const buffer = { channels: shapes[value][0], pitch: pitchOf(shapes[value]) };
    found.set(value, { buffer, channel: 0 });
    return found.get(value);
  };
  for (const part of [...parts].reverse()) {
    if (part.op !== "cat") continue;
    const [to] = part.to;
    const starts = startsOf(part, shapes);
    const first = found.get(part.from[0]);
    const together = first && part.from.every((value, nth) => {
      const place = found.get(value);
      return place?.buffer === first.buffer && place.channel === first.channel + starts[nth];
    });
    if (together && !found.has(to)) {
      found.set(to, { ...first });
      continue;
    }
    const { buffer, channel } = found.get(to) ?? own(to);
    part.from.forEach((value, nth) => {
      if (!found.has(value)) found.set(value, { buffer, channel: channel + starts[nth] });
    });
  }
  for (const value of [0, ...parts.flatMap((part) => [...part.from, ...part.to])]) if (!found.has(value)) own(value);
  return found;
}

/** For each map of a concatenation the channel that it begins with. */
export function startsOf(part, shapes) {
  let channel = 0;
  return part.from.map((value) => (channel += shapes[value][0]) - shapes[value][0]);
}

/**
 * Gives every buffer its `start` in numbers; the largest first, each at the lowest place that is free while it is used.
 *
 * @returns {number} how many numbers all take
 */
export function settle(parts, found, kept) {
  const buffers = new Set([...found.values()].map((place) => place.buffer));
  for (const buffer of buffers) Object.assign(buffer, { born: Infinity, dies: -1, size: buffer.channels * buffer.pitch + SLACK });
  const use = (value, time) => {
    const { buffer } = found.get(value);
    buffer.born = Math.min(buffer.born, time);
    buffer.dies = Math.max(buffer.dies, time);
  };
  use(0, -1);
  parts.forEach((part, time) => [...part.from, ...part.to].forEach((value) => use(value, time)));
  kept.forEach((value) => use(value, parts.length));
  const settled = [];
  let most = 0;
  for (const buffer of [...buffers].sort((a, b) => b.size - a.size)) {
    buffer.start = 0;
    for (const other of settled) {
      const apart = other.dies < buffer.born || buffer.dies < other.born;
      if (!apart && other.start < buffer.start + buffer.size) buffer.start = Math.max(buffer.start, other.start + other.size);
    }
    buffer.size += (16 - (buffer.size % 16)) % 16;
    settled.push(buffer);
    settled.sort((a, b) => a.start - b.start);
    most = Math.max(most, buffer.start + buffer.size);
  }
  return most;
}
