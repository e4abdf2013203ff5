// Where the networks stand between two measures, and which of them no other beats. Pure.

/** A network's value of a measure; what is held as null, a field that is the whole picture, is infinite. */
export function valueOf(network, measure, size) {
  const held = measure.score ? network.scores[size] : network.costs;
  return held[measure.name] ?? Infinity;
}

/** Half of a bar's length: two standard errors over the streets, or two deviations over the seeds; 0 where none is known. */
export function barOf(network, measure, size, spread) {
  return measure.score ? 2 * (network[spread][size][measure.name] ?? 0) : 0;
}

/**
 * An axis over these values with their bars: `place(value)` from 0 to 1, and its ticks.
 * Where a value is infinite, it stands at the end, and the others keep clear of it.
 */
export function axisOf(values, bars, log) {
  const known = values.map((value, i) => [value - bars[i], value + bars[i]]).filter(([, high]) => Number.isFinite(high));
  const to = log ? (value) => Math.log10(value) : (value) => value;
  const low = Math.min(...known.map(([from]) => from));
  const high = Math.max(...known.map(([, until]) => until));
  const [first, last] = [to(low), to(high)];
  const spare = (last - first || Math.abs(first) || 1) * 0.06;
  const open = values.includes(Infinity);
  const length = (last - first + 2 * spare) / (open ? 0.88 : 1);
  const place = (value) => (value === Infinity ? 0.96 : (to(value) - first + spare) / length);
  const ticks = (log ? decades(low, high) : rounds(low, high)).map((value) => ({ value, at: place(value) })).filter(({ at }) => at >= 0 && at <= (open ? 0.88 : 1));
  return { place, ticks: open ? [...ticks, { value: Infinity, at: place(Infinity) }] : ticks };
}

/** Round numbers from low to high, three to seven of them. */
export function rounds(low, high) {
  const rough = (high - low || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => rough <= factor * power * 1.0001);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** 1, 2 and 5 of each decade, from low to high. */
function decades(low, high) {
  const powers = Array.from({ length: 16 }, (_, i) => 10 ** (i - 8));
  return powers.flatMap((power) => [1, 2, 5].map((digit) => Number((digit * power).toPrecision(12)))).filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

/** Whether one value is better than another. */
export function better(measure, one, other) {
  return measure.more ? one > other : one < other;
}

/** The networks that none beats: no other is better by one measure and at least as good by the other. */
export function frontOf(points, x, y) {
  const beats = (a, b) => !better(x, b.x, a.x) && !better(y, b.y, a.y) && (better(x, a.x, b.x) || better(y, a.y, b.y));
  return points.map((point) => !points.some((other) => beats(other, point)));
}

/** The place of a value among all, the best being 1; equal values share a place. */
export function placeOf(value, values, measure) {
  return 1 + values.filter((other) => better(measure, other, value)).length;
}

/** The network nearest to a position [across, up], both from 0 to 1, in a chart `ratio` times as wide as tall. */
export function nearest(points, [across, up], ratio) {
  const away = ({ across: a, up: b }) => ((a - across) * ratio) ** 2 + (b - up) ** 2;
  return points.reduce((best, point, index) => (away(point) < away(points[best]) ? index : best), 0);
}

/** The network that an arrow key leads to: the next along an axis, Home and End being its ends. */
export function step(points, at, key) {
  const vertical = key === "ArrowUp" || key === "ArrowDown";
  const [own, other] = vertical ? ["up", "across"] : ["across", "up"];
  const order = points.map((_, index) => index).sort((a, b) => points[a][own] - points[b][own] || points[a][other] - points[b][other] || a - b);
  const moved = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity }[key];
  if (moved === undefined) return null;
  return order[Math.max(0, Math.min(order.length - 1, order.indexOf(at) + moved))];
}

/** Of which networks the names find room, in a chart of `width` by `height` pixels: `wanted` first come first served. */
export function labelled(points, wanted, [width, height]) {
  const [letter, line, gap] = [7.5, 20, 10];
  const taken = points.map(({ across, up }) => [across * width - 6, up * height - 6, across * width + 6, up * height + 6]);
  const apart = (a, b) => a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
  const found = new Map();
  for (const index of wanted) {
    const { across, up, title } = points[index];
    const [x, y, long] = [across * width, up * height, title.length * letter];
    const box = { right: [x + gap, y - line / 2, x + gap + long, y + line / 2], left: [x - gap - long, y - line / 2, x - gap, y + line / 2] };
    const fits = (side) => box[side][0] >= 0 && box[side][2] <= width && taken.every((other) => apart(box[side], other));
    const side = ["right", "left"].find(fits);
    if (!side && index !== wanted[0]) continue;
    const chosen = side ?? (across > 0.5 ? "left" : "right");
    found.set(index, chosen);
    taken.push(box[chosen]);
  }
  return found;
}

/** Of a sheet of label maps under one another, true classes first: the share of pixels that each network has right. */
export function rightShares(bytes, pixels) {
  return Array.from({ length: bytes.length / pixels - 1 }, (_, network) => {
    let right = 0;
    for (let i = 0; i < pixels; i += 1) right += bytes[i] === bytes[(network + 1) * pixels + i];
    return right / pixels;
  });
}
