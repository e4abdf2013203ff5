// Numbers that travel as gray pictures, decoded once, when they are first asked for; and canvases that are painted.

/** Gives `decoded(uri)`: `{ bytes, width }`, or null while the picture is on its way; then `onReady` is called. */
export function decoder(onReady) {
  const known = new Map();
  return (uri) => {
    if (!known.has(uri)) {
      known.set(uri, null);
      const image = new Image();
      image.addEventListener("load", () => {
        known.set(uri, pixels(image));
        onReady();
      });
      image.src = uri;
    }
    return known.get(uri);
  };
}

/** One byte for each pixel of a gray picture. */
function pixels(image) {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const bytes = new Uint8Array(canvas.width * canvas.height);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = data[4 * i + 1];
  return { bytes, width: canvas.width };
}

/** Write one color [red, green, blue] for each pixel. */
export function paint(canvas, colorOf) {
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i += 1) {
    const color = colorOf(i);
    for (let channel = 0; channel < 3; channel += 1) pixels.data[4 * i + channel] = color[channel];
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}
