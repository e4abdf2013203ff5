// The stored maps of the trained network: cut out of their sheet, which the browser decodes once, and painted.

/** Gives `bytesOf(uri)`: the labels of a sheet, or null while it is not decoded; then `onReady` is called. */
export function sheetsOf(onReady) {
  const decoded = new Map();
  return (uri) => {
    if (!decoded.has(uri)) {
      decoded.set(uri, null);
      const image = new Image();
      image.addEventListener("load", () => {
        decoded.set(uri, labelsOf(image));
        onReady();
      });
      image.src = uri;
    }
    return decoded.get(uri);
  };
}

/** One label for each pixel of a gray picture. */
function labelsOf(image) {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
}

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
