// The sizes of a U-Net along one axis, and which of the stored maps lacks which skips. Pure.

export const STRIDES = [1, 2, 4, 8];
export const BOTTOM = 16;

/**
 * The ladder for an input size and a padding ("valid" or "same").
 *
 * A rung holds the maps of one stride: `down` and `up`, each before and after its two convolutions; `skip`, what the way
 * down hands over; `raw`, what the up-convolution gives; `crop`, what is cut from each side of the skip; `surplus`, what
 * is cut from the up-convolved map. What cannot be computed is null, and `refused` says why: an "odd" map at a pool, or
 * one of which nothing is left ("gone").
 *
 * @param {{size: number, padding: "valid"|"same"}} state
 */
export function ladder({ size, padding }) {
  const lost = padding === "valid" ? 2 : 0;
  const convolved = (side) => [side, side - lost, side - 2 * lost];
  const rungs = STRIDES.map((stride) => ({ stride, down: null, up: null, skip: null, raw: null, crop: 0, surplus: 0 }));
  let refused = null;
  let side = size;
  const take = (stride, way) => {
    const maps = convolved(side);
    if (maps[2] < 1) refused = { kind: "gone", stride, way, size: side };
    else side = maps[2];
    return maps;
  };
  for (const rung of rungs) {
    rung.down = take(rung.stride, "down");
    if (refused) break;
    rung.skip = side;
    if (padding === "valid" && side % 2) refused = { kind: "odd", stride: rung.stride, way: "down", size: side };
    if (refused) break;
    side = Math.ceil(side / 2);
  }
  const bottom = refused ? null : take(BOTTOM, "down");
  for (const rung of [...rungs].reverse()) {
    if (refused) break;
    rung.raw = 2 * side;
    rung.crop = Math.max(0, (rung.skip - rung.raw) / 2);
    rung.surplus = Math.max(0, rung.raw - rung.skip);
    side = Math.min(rung.raw, rung.skip);
    rung.up = take(rung.stride, "up");
  }
  return { rungs, bottom, refused, output: refused ? null : side };
}

/** Whether every pool halves its map evenly and something is left: 12 more than a multiple of 16, or a multiple of 16. */
export function isLegal(size, padding) {
  return padding === "valid" ? size % 16 === 12 && size >= 188 : size % 16 === 0 && size >= 16;
}

/** The nearest legal sizes below and above, null where the range [least, most] has none. */
export function neighbors(size, padding, [least, most]) {
  const found = (step) => {
    for (let n = size + step; n >= least && n <= most; n += step) if (isLegal(n, padding)) return n;
    return null;
  };
  return [found(-1), found(1)];
}

/** The number of the stored map that lacks these skips: one bit for each. */
export function wayOf(cut) {
  return STRIDES.reduce((way, stride, bit) => way + (cut.includes(stride) ? 1 << bit : 0), 0);
}
