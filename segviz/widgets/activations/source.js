// Where the bytes of a map come from: the kernel where it gave some, else the sheets of the page.

import { sheetsOf } from "./sheets.js";

/**
 * @param {ReturnType<import("./kernel.js").kernelOf>} kernel
 * @param {() => number} held   how many pictures the sheets hold; of the reader's own the kernel alone has maps
 * @param {() => void} onReady   called when a sheet was decoded
 * Both give { bytes, size, range, kind, key }, or null while there is nothing; `thumb` may be smaller than the map.
 */
export function sourceOf(kernel, held, onReady) {
  const sheets = sheetsOf(onReady);
  return { map, thumb };

  function map(model, stage, picture, column) {
    const fromKernel = stage.live || picture >= held();
    const channel = stage.channels[column];
    const bytes = fromKernel ? kernel.mapOf(model, stage, picture, channel) : sheets(model, stage, picture, column);
    return bytes && of(model, stage, picture, column, { bytes, size: stage.size, range: stage.ranges?.[stage.live ? channel : column] });
  }

  function thumb(model, stage, picture, column) {
    if (stage.kind === "classes") return map(model, stage, picture, column);
    const small = kernel.thumbsOf(model, stage.layer, picture);
    const channel = stage.channels[column];
    if (!small?.ranges[channel]) return stage.live || picture >= held() ? null : map(model, stage, picture, column);
    const length = small.size[0] * small.size[1];
    const bytes = small.bytes.subarray(channel * length, (channel + 1) * length);
    return of(model, stage, picture, column, { bytes, size: small.size, range: small.ranges[channel] });
  }

  function of(model, stage, picture, column, pixels) {
    const key = JSON.stringify([model.name, stage.layer, picture, stage.channels[column], pixels.size, Boolean(stage.live)]);
    return { ...pixels, kind: stage.kind, key };
  }
}
