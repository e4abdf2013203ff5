// The maps of a page without a kernel: cut out of the sheets, which the browser decodes once.

import { byteOfZero, scattered } from "./geometry.js";

/** Gives `mapOf(model, stage, picture, column)`: bytes, or null while the sheet is not decoded; then `onReady` is called. */
export function sheetsOf(onReady) {
  const decoded = new Map(); // data URI -> { bytes, width }, null while it is on its way
  const maps = new Map();
  return mapOf;

  function mapOf(model, stage, picture, column) {
    const key = JSON.stringify([model.name, stage.layer, picture, column]);
    if (!maps.has(key)) {
      const bytes = stage.kind === "unpool" ? unpooled(model, stage, picture, column) : cut(model, stage, picture, column);
      if (!bytes) return null;
      maps.set(key, bytes);
    }
    return maps.get(key);
  }

  function cut(model, stage, picture, column) {
    const sheet = decode(model.sheets[stage.sheet]);
    if (!sheet) return null;
    const [height, width] = stage.size;
    const bytes = new Uint8Array(height * width);
    for (let row = 0; row < height; row += 1) {
      const start = (stage.top + picture * height + row) * sheet.width + column * width;
      bytes.set(sheet.bytes.subarray(start, start + width), row * width);
    }
    return bytes;
  }

  function unpooled(model, stage, picture, column) {
    const source = model.stages.find((other) => other.layer === stage.unpooled);
    const values = mapOf(model, source, picture, source.channels.indexOf(stage.channels[column]));
    if (!values) return null;
    const switches = Uint8Array.from(atob(stage.switches[picture][column]), (letter) => letter.charCodeAt(0));
    return scattered(values, switches, stage.size, byteOfZero(stage.ranges[column]));
  }

  function decode(uri) {
    if (!decoded.has(uri)) {
      decoded.set(uri, null);
      const image = new Image();
      image.addEventListener("load", () => {
        decoded.set(uri, pixels(image));
        onReady();
      });
      image.src = uri;
    }
    return decoded.get(uri);
  }
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
