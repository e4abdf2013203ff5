// The maps of a page without a kernel: cut out of the sheets, which the browser decodes once.

import { decoder } from "../shared/pictures.js";
import { byteOfZero, scattered } from "./geometry.js";

/** Whether the page holds maps of a stage; of a network that only the engine knows it holds none. */
export function isHeld({ sheet, switches }) {
  return Boolean(sheet ?? switches);
}

/** Gives `mapOf(model, stage, picture, column)`: bytes, or null while the sheet is not decoded; then `onReady` is called. */
export function sheetsOf(onReady) {
  const decoded = decoder(onReady);
  const maps = new Map();
  return mapOf;

  function mapOf(model, stage, picture, column) {
    if (!isHeld(stage)) return null;
    const key = JSON.stringify([model.name, stage.layer, picture, column]);
    if (!maps.has(key)) {
      const bytes = stage.kind === "unpool" ? unpooled(model, stage, picture, column) : cut(model, stage, picture, column);
      if (!bytes) return null;
      maps.set(key, bytes);
    }
    return maps.get(key);
  }

  function cut(model, stage, picture, column) {
    const sheet = decoded(model.sheets[stage.sheet]);
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
}
