// A picture scaled until it covers a size and cut to its middle, as Pillow's `ImageOps.fit` does it with
// `Resampling.BILINEAR`: a triangle as wide as the step, along the rows and then along the columns, eight bits between.

/** The part of a picture that is kept: `{ left, top, width, height }` in pixels, fractions included. */
export function cropOf([height, width], [tall, wide]) {
  const ratio = wide / tall;
  const kept = width / height === ratio ? [width, height] : width / height > ratio ? [ratio * height, height] : [width, width / ratio];
  return { left: (width - kept[0]) / 2, top: (height - kept[1]) / 2, width: kept[0], height: kept[1] };
}

/**
 * For each of `count` outputs along an axis the first input it is made of, and the weights of this and the next ones.
 * `length` inputs, of which [from, from + span) is kept.
 */
export function taps(length, from, span, count) {
  const scale = span / count;
  const step = Math.max(scale, 1);
  return Array.from({ length: count }, (_, output) => {
    const center = from + (output + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - step + 0.5));
    const after = Math.min(length, Math.trunc(center + step + 0.5));
    const weights = Array.from({ length: after - first }, (_, n) => Math.max(0, 1 - Math.abs((n + first - center + 0.5) / step)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: Float64Array.from(weights, (weight) => weight / sum) };
  });
}

/**
 * Fit a picture that is handed over in bands of rows.
 *
 * @param {[number, number]} before   height and width of the whole
 * @param {[number, number]} size     height and width wanted
 * @param {(top: number, rows: number, left: number, columns: number) => Uint8ClampedArray} band   RGBA, nothing transparent
 * @param {() => Promise<void>} between   called after every band
 * @returns {Promise<Uint8ClampedArray>}   RGB, pixel after pixel
 */
export async function fitted(before, size, band, between = async () => {}) {
  const crop = cropOf(before, size);
  const down = taps(before[0], crop.top, crop.height, size[0]);
  const across = taps(before[1], crop.left, crop.width, size[1]);
  const [top, bottom] = endsOf(down);
  const [left, right] = endsOf(across);
  const [columns, wide] = [right - left, size[1]];
  const narrow = new Uint8ClampedArray((bottom - top) * wide * 3);
  const most = Math.max(1, Math.floor(PIXELS / columns));
  for (let row = top; row < bottom; row += most) {
    const rows = Math.min(most, bottom - row);
    const pixels = band(row, rows, left, columns);
    for (let r = 0; r < rows; r += 1) squeezed(pixels, r * columns, left, across, narrow, (row - top + r) * wide * 3);
    await between();
  }
  return stacked(narrow, top, down, wide);
}

const PIXELS = 150_000; // in a band: a few milliseconds of work

function endsOf(all) {
  return [all[0].first, Math.max(...all.map(({ first, weights }) => first + weights.length))];
}

/** One row of RGBA pixels, weighed along it into RGB. */
function squeezed(pixels, start, left, across, out, at) {
  for (let output = 0; output < across.length; output += 1) {
    const { first, weights } = across[output];
    let [red, green, blue, i] = [0, 0, 0, 4 * (start + first - left)];
    for (let n = 0; n < weights.length; n += 1, i += 4) {
      red += weights[n] * pixels[i];
      green += weights[n] * pixels[i + 1];
      blue += weights[n] * pixels[i + 2];
    }
    out[at + 3 * output] = red;
    out[at + 3 * output + 1] = green;
    out[at + 3 * output + 2] = blue;
  }
}

/** Rows weighed into rows. */
function stacked(narrow, top, down, wide) {
  const length = wide * 3;
  const out = new Uint8ClampedArray(down.length * length);
  for (const [output, { first, weights }] of down.entries()) {
    const sums = new Float64Array(length);
    for (let n = 0; n < weights.length; n += 1) {
      const start = (first - top + n) * length; // row after row, as they lie
      for (let i = 0; i < length; i += 1) sums[i] += weights[n] * narrow[start + i];
    }
    out.set(sums, output * length);
  }
  return out;
}
