// A PNG of 16-bit gray values. A browser keeps the upper eight bits of each, so what a camera or a microscope fills in
// the lower ten or twelve would be all but black: the values are read here, and told as `uploads.py` tells them.

/** The gray values of a PNG, row by row, or null where it is damaged or interlaced. */
export async function grayValues(bytes, { height, width }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const interlaced = bytes[28] !== 0;
  const raw = interlaced ? null : await inflated(parts).catch(() => null);
  return raw?.length === height * (1 + 2 * width) ? unfiltered(raw, height, 2 * width) : null;
}

async function inflated(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Rows of `length` bytes behind a byte that names their filter, as values of two bytes. */
function unfiltered(raw, height, length) {
  const rows = new Uint8Array(height * length);
  for (let row = 0; row < height; row += 1) {
    const kind = raw[row * (length + 1)];
    for (let i = 0; i < length; i += 1) {
      const here = row * length + i;
      const left = i < 2 ? 0 : rows[here - 2];
      const above = row ? rows[here - length] : 0;
      const corner = row && i >= 2 ? rows[here - length - 2] : 0;
      const guess = [0, left, above, (left + above) >> 1, nearestOf(left, above, corner)][kind];
      rows[here] = raw[row * (length + 1) + 1 + i] + guess;
    }
  }
  return Uint16Array.from({ length: rows.length / 2 }, (_, i) => (rows[2 * i] << 8) | rows[2 * i + 1]);
}

/** Paeth's: of three neighbors the one nearest to left + above - corner. */
function nearestOf(left, above, corner) {
  const [a, b, c] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs);
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** How many bits the values fill, the least of 8, 10, 12 and 16, and what is said of it. */
export function depthOf(values) {
  let greatest = 0;
  for (const value of values) if (value > greatest) greatest = value;
  const bits = [8, 10, 12, 16].find((count) => greatest < 2 ** count);
  return { bits, note: `gray values of ${bits} bits${bits < 16 ? " in 16, " : ", "}${bits === 8 ? "as they are" : "rounded to 8"}` };
}

/** Bands of gray values in eight bits, as `fitted` takes them. */
export function grayBands(values, width, bits) {
  const most = 2 ** bits - 1;
  return (top, rows, left, columns) => {
    const pixels = new Uint8ClampedArray(4 * rows * columns).fill(255);
    for (let row = 0, i = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1, i += 4) {
        pixels.fill(Math.round((255 * values[(top + row) * width + left + column]) / most), i, i + 3);
      }
    }
    return pixels;
  };
}
