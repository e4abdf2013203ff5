// The stored maps of the trained network: cut out of their sheet, which the browser decodes once, and painted.

/** Map number `way` of a sheet whose maps have `side` × `side` pixels. */
export function mapOf(bytes, way, side) {
  return bytes.subarray(way * side * side, (way + 1) * side * side);
}

/** The share of the pixels that two maps label differently. */
export function differing(one, another) {
  return one.reduce((count, label, i) => count + (label !== another[i]), 0) / one.length;
}

/** The labels in their colors; where `unlike` is given, only those that differ from it, on a pale ground. */
export function paint(context, labels, palette, side, unlike = null) {
  const pixels = context.createImageData(side, side);
  labels.forEach((label, i) => {
    const pale = unlike && unlike[i] === label;
    palette[label].forEach((value, channel) => (pixels.data[4 * i + channel] = pale ? 225 + 0.1 * value : value));
    pixels.data[4 * i + 3] = 255;
  });
  context.putImageData(pixels, 0, 0);
}
