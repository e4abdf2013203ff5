// Where units lie on the picture, what they see of it, and which stages of two networks correspond. Pure.

/**
 * @typedef {object} Box  of one stage; every pair is (rows, columns)
 * @property {[number|null, number|null]} field   receptive field in pixels, null where it grows with the picture
 * @property {[number, number]} stride
 * @property {[number, number]} center   the pixel in the middle of unit 0
 * @property {[number, number, number][][]} spans   what each unit sees, in runs [how many units, first pixel, one after]
 * @property {boolean} filled   whether every pixel of that box feeds the unit
 */

/** The pixels [first, one after the last] that unit `index` sees along an axis. */
export function spanOf(runs, index) {
  let left = index;
  for (const [count, first, after] of runs) {
    if (left < count) return [first, after];
    left -= count;
  }
  return [0, 0];
}

/** The unit of a map of `count` units that lies at a pixel. */
export function unitAt(box, axis, count, pixel) {
  const unit = Math.round((pixel - box.center[axis]) / box.stride[axis]);
  return Math.max(0, Math.min(count - 1, unit));
}

/** The pixel in the middle of a unit, kept on a picture of `length` pixels. */
export function pixelOf(box, axis, length, unit) {
  const pixel = Math.floor(box.center[axis] + unit * box.stride[axis]);
  return Math.max(0, Math.min(length - 1, pixel));
}

/** Where a map lies on the picture along an axis: [first edge, length], in pixels; edges of pixel p are p and p + 1. */
export function extent(box, axis, count) {
  const stride = box.stride[axis];
  return [box.center[axis] + 0.5 - stride / 2, count * stride];
}

/** The receptive field of a unit as edges [first, length], off the picture too; null where it has no fixed size. */
export function fieldOf(box, axis, unit) {
  const size = box.field[axis];
  if (size === null) return null;
  return [box.center[axis] + unit * box.stride[axis] + 0.5 - size / 2, size];
}

/** An unpooled map of height × width: each value where its switch (0 to 3, reading order) says, `empty` elsewhere. */
export function scattered(values, switches, [height, width], empty) {
  const across = Math.ceil(width / 2);
  const full = new Uint8Array(height * width).fill(empty);
  values.forEach((value, i) => {
    const at = (switches[i >> 2] >> (2 * (i & 3))) & 3;
    const row = 2 * Math.floor(i / across) + (at >> 1);
    const column = 2 * (i % across) + (at & 1);
    if (row < height && column < width) full[row * width + column] = value;
  });
  return full;
}

/** The byte that stands for 0 in a range. */
export function byteOfZero([low, high]) {
  return high <= low ? 0 : Math.max(0, Math.min(255, Math.round((-255 * low) / (high - low))));
}

/**
 * Stages of two networks beside one another, as pairs of indices: those of one size and kind correspond (the longest
 * common sequence of them); a stage without a partner stands alone, its partner null.
 */
export function slots(left, right) {
  const same = (a, b) => a.kind === b.kind && String(a.size) === String(b.size);
  const longest = left.map(() => new Array(right.length).fill(0));
  const at = (i, j) => longest[i]?.[j] ?? 0;
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      longest[i][j] = same(left[i], right[j]) ? 1 + at(i + 1, j + 1) : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const both = i < left.length && j < right.length;
    if (both && same(left[i], right[j])) pairs.push([i++, j++]);
    else if (j >= right.length || (both && at(i + 1, j) >= at(i, j + 1))) pairs.push([i++, null]);
    else pairs.push([null, j++]);
  }
  return pairs;
}

/** The stage of one side at a slot: its own, else the last one before, else its first. */
export function stageAt(pairs, side, slot) {
  for (let s = slot; s >= 0; s -= 1) if (pairs[s][side] !== null) return pairs[s][side];
  return 0;
}
