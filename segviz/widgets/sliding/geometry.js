// Where windows and answers lie, and what they cost. Pure.

/** The windows that fit at a stride: { rows, columns, count }. */
export function windowsOf({ size: [height, width], window }, stride) {
  const [rows, columns] = [height, width].map((side) => Math.floor((side - window) / stride) + 1);
  return { rows, columns, count: rows * columns };
}

/** The window nearest to a place [top, left] in pixels: [row, column]. */
export function nearestWindow([top, left], { rows, columns }, stride) {
  const near = (pixel, count) => Math.max(0, Math.min(count - 1, Math.round(pixel / stride)));
  return [near(top, rows), near(left, columns)];
}

/** The answers as bytes, from the text that a page holds. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The probabilities, in 255ths, that a window at [row, column] of a stride gives the classes. */
export function answerAt(held, bytes, stride, [row, column]) {
  const step = stride / held.finest;
  const { columns } = windowsOf(held, held.finest);
  const start = (row * step * columns + column * step) * held.classes.length;
  return bytes.subarray(start, start + held.classes.length);
}

/** The index of the largest of some values: the first of equals. */
export function largest(values) {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}

/** The cells of a map by a number from 0 to `kinds` - 1: an array of lists of [row, column]. */
export function cellsBy(held, bytes, stride, kinds, kindOf) {
  const { rows, columns } = windowsOf(held, stride);
  const found = Array.from({ length: kinds }, () => []);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      found[kindOf(answerAt(held, bytes, stride, [row, column]))].push([row, column]);
    }
  }
  return found;
}

/** Multiply-adds: of the windows slid over so far, of all windows, of the convolution, and how many windows that pays for. */
export function costsOf(held, stride, [row, column]) {
  const { columns, count } = windowsOf(held, stride);
  const number = row * columns + column + 1;
  const atOnce = held.costs[stride];
  return {
    number,
    soFar: number * held.window_cost,
    sliding: count * held.window_cost,
    atOnce,
    paidFor: Math.floor(atOnce / held.window_cost),
    ratio: (count * held.window_cost) / atOnce,
  };
}
