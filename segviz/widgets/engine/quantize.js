// Maps in eight bits, and what is said of them in numbers before they are rounded: `activations/quantize.py` once more,
// for the page that is its own kernel.

const STRONGEST = 0.05; // the share of a map's units that count as its strongest responses
export const THUMB = 44;
const MOST_THUMBS = 256;

/** The least and the greatest value of a map, in five digits. */
export function limitsOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [short(low), short(high)];
}

/** Values as bytes, 0 for `low` and 255 for `high`. */
export function quantized(values, [low, high]) {
  const bytes = new Uint8Array(values.length);
  if (high <= low) return bytes;
  for (let i = 0; i < values.length; i += 1) bytes[i] = Math.max(0, Math.min(255, Math.round((255 * (values[i] - low)) / (high - low))));
  return bytes;
}

/**
 * [least, greatest, share of zeros, row and column of the greatest], and where classes of the pixels are known, the class
 * on which most of the strongest 5 % of the units lie, and the share of these that do.
 * @param {[number[], number[]]} at   center and stride of the units, each (rows, columns)
 */
export function facts(values, [height, width], labels, at) {
  let [zeros, greatest, alive] = [0, 0, 0];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] === 0) zeros += 1;
    if (values[i] > 0) alive += 1;
    if (values[i] > values[greatest]) greatest = i;
  }
  const found = [...limitsOf(values), round(zeros / values.length, 4), Math.floor(greatest / width), greatest % width];
  if (!labels || Math.min(height, width) <= 3 || !alive) return found;
  const count = Math.min(alive, Math.max(1, Math.round(STRONGEST * values.length)));
  const least = values.slice().sort()[values.length - count]; // typed arrays sort as numbers, and ten times as fast
  let alike = count; // how many of those equal to it belong to the strongest: the first
  for (const value of values) if (value > least) alike -= 1;
  const places = placesOf([height, width], labels.size, at);
  const counts = new Array(256).fill(0);
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] < least || (values[i] === least && alike-- <= 0)) continue;
    counts[labels.values[places[0][Math.floor(i / width)] * labels.size[1] + places[1][i % width]]] += 1;
  }
  const most = counts.indexOf(Math.max(...counts));
  return [...found, most, round(counts[most] / count, 3)];
}

/** The pixel in the middle of every unit along both axes; for units off the picture the nearest. */
function placesOf(units, size, [center, stride]) {
  return units.map((count, axis) =>
    Array.from({ length: count }, (_, unit) => Math.max(0, Math.min(size[axis] - 1, roundEven(center[axis] + stride[axis] * unit)))),
  );
}

/** Every channel as a small map: `{ size, ranges, bytes }`, averaged where it is larger than a thumbnail. */
export function thumbs({ shape: [channels, height, width], values }) {
  const scale = Math.min(1, THUMB / Math.max(height, width));
  const size = scale < 1 ? [height, width].map((side) => Math.max(1, roundEven(side * scale))) : [height, width];
  const count = Math.min(channels, MOST_THUMBS);
  const ranges = [];
  const bytes = new Uint8Array(count * size[0] * size[1]);
  for (let channel = 0; channel < count; channel += 1) {
    const whole = values.subarray(channel * height * width, (channel + 1) * height * width);
    const small = scale < 1 ? averaged(whole, [height, width], size) : whole;
    const limits = limitsOf(small);
    ranges.push(limits);
    bytes.set(quantized(small, limits), channel * size[0] * size[1]);
  }
  return { size, ranges, bytes };
}

/** `adaptive_avg_pool2d`: windows from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉. */
function averaged(values, [height, width], [tall, wide]) {
  const small = new Float32Array(tall * wide);
  for (let row = 0; row < tall; row += 1) {
    const [top, bottom] = [Math.floor((row * height) / tall), Math.ceil(((row + 1) * height) / tall)];
    for (let column = 0; column < wide; column += 1) {
      const [left, right] = [Math.floor((column * width) / wide), Math.ceil(((column + 1) * width) / wide)];
      let sum = 0;
      for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) sum += values[y * width + x];
      small[row * wide + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return small;
}

/** The class of the greatest score at every pixel, the first of equal ones. */
export function highest({ shape: [classes, height, width], values }) {
  const area = height * width;
  const labels = new Uint8Array(area);
  const best = values.slice(0, area);
  for (let label = 1; label < classes; label += 1) {
    for (let i = 0; i < area; i += 1) {
      if (values[label * area + i] > best[i]) {
        best[i] = values[label * area + i];
        labels[i] = label;
      }
    }
  }
  return labels;
}

/** A number in five digits, which is more than eight bits hold. */
export function short(value) {
  return Number(value.toPrecision(5));
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

/** As Python and PyTorch round: a half goes to the even neighbor. */
function roundEven(value) {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 ? near - 1 : near;
}
