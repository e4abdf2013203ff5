// Colors of magnitude and of signed values: bytes of a range, and what they are painted with. Pure.

// Eleven stops each: matplotlib's viridis, and its PuOr turned around, so that orange is above zero.
const VIRIDIS = ["440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70", "7ad151", "bddf26", "fde725"];
const DIVERGING = ["2d004b", "532687", "8073ac", "b1aad1", "d8daeb", "f7f7f6", "fee0b6", "fcb761", "e08214", "b25706", "7f3b08"];

/** 256 colors [red, green, blue] between the stops. */
function table(stops) {
  const colors = stops.map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (colors.length - 1);
    const first = Math.min(Math.floor(place), colors.length - 2);
    return colors[first].map((from, c) => Math.round(from + (place - first) * (colors[first + 1][c] - from)));
  });
}

const TABLES = { magnitude: table(VIRIDIS), signed: table(DIVERGING) };

/** Magnitude or signed: as asked for, or signed where the map has negative values. */
export function scaleOf(colors, [low]) {
  return colors === "auto" ? (low < 0 ? "signed" : "magnitude") : colors;
}

/** The color of each of the 256 bytes of a range, on a scale. */
export function colorsOf(scale, range) {
  const most = Math.max(Math.abs(range[0]), Math.abs(range[1])) || 1;
  return Array.from({ length: 256 }, (_, byte) => {
    const share = valueOf(byte, range) / most;
    const place = scale === "signed" ? (share + 1) / 2 : Math.abs(share);
    return TABLES[scale][Math.round(255 * place)];
  });
}

/** A CSS gradient of a scale, from its low to its high end. */
export function gradient(scale) {
  const stops = scale === "signed" ? DIVERGING : VIRIDIS;
  return `linear-gradient(to right, ${stops.map((hex) => `#${hex}`).join(", ")})`;
}

/** The value that a byte of a range stands for. */
export function valueOf(byte, [low, high]) {
  return low + ((high - low) * byte) / 255;
}
