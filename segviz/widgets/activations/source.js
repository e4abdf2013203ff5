// Where the bytes of a map come from: the kernel where it gave some, else the sheets of the page.

import { isHeld, sheetsOf } from "./sheets.js";

/**
 * @param {ReturnType<import("./kernel.js").kernelOf>} kernel
 * @param {() => number} held   how many pictures the sheets hold; of the reader's own the kernel alone has maps
 * @param {() => void} onReady   called when a sheet was decoded
 * Both take what is looked at, { model, stage, picture, switches }, and a column, and give { bytes, size, range, kind, key },
 * or null while there is nothing; `thumb` may be smaller than the map.
 */
export function sourceOf(kernel, held, onReady) {
  const sheets = sheetsOf(onReady);
  return { map, thumb };

  function map(look, column) {
    const { model, stage, picture } = look;
    const channel = stage.channels[column];
    const bytes = isLive(look) ? kernel.mapOf(look, channel) : sheets(model, stage, picture, column);
    return bytes && of(look, column, { bytes, size: stage.size, range: stage.ranges?.[stage.live ? channel : column] });
  }

  function thumb(look, column) {
    const { stage } = look;
    if (stage.kind === "classes") return map(look, column);
    const small = kernel.thumbsOf(look);
    const channel = stage.channels[column];
    if (!small?.ranges[channel]) return isLive(look) ? null : map(look, column);
    const length = small.size[0] * small.size[1];
    const bytes = small.bytes.subarray(channel * length, (channel + 1) * length);
    return of(look, column, { bytes, size: small.size, range: small.ranges[channel] });
  }

  /** Whether no sheet holds it, and it can be drawn: a map that has just come has its range with the next view, classes need none. */
  function isLive({ stage, picture, switches }) {
    return stage.live || (stage.kind === "classes" && !isHeld(stage)) || switches !== null || picture >= held();
  }

  function of({ model, stage, picture, switches }, column, pixels) {
    const key = JSON.stringify([model.name, stage.layer, picture, switches, stage.channels[column], pixels.size, Boolean(stage.live)]);
    return { ...pixels, kind: stage.kind, key };
  }
}
