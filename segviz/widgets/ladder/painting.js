// The stored maps of the trained network: cut out of their sheet, which the browser decodes once, and their colors. Pure.

/** Map number `way` of a sheet whose maps have `side` × `side` pixels. */
export function mapOf(bytes, way, side) {
  return bytes.subarray(way * side * side, (way + 1) * side * side);
}

/** The share of the pixels that two maps label differently. */
export function differing(one, another) {
  return one.reduce((count, label, i) => count + (label !== another[i]), 0) / one.length;
}

/** The color of pixel `i` of a map; where `unlike` is given, pale but for the labels that differ from it. */
export function colorOf(labels, palette, unlike = null) {
  return (i) => {
    const color = palette[labels[i]];
    return unlike && unlike[i] === labels[i] ? color.map((value) => 225 + 0.1 * value) : color;
  };
}
