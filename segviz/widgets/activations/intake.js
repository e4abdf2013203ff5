// A reader's own file as a picture, in the page: what the kernel does (`uploads.py`), and told in the same words.

import { others } from "../engine/turns.js";
import { depthOf, grayBands, grayValues } from "./deep.js";
import { fitted } from "./fitting.js";
import { headerOf } from "./headers.js";

export const MOST_BYTES = 64 * 2 ** 20;
export const MOST_PIXELS = 64_000_000;
const READ = "PNG, JPEG, WEBP, GIF, BMP";

/**
 * A file as a picture of `size` (height, width): turned as its EXIF says, laid on white where it is transparent, scaled
 * until it covers the size, and cut to its middle.
 *
 * @param {Blob} file
 * @returns {Promise<{pixels: Float32Array, uri: string, notes: string[]}>}   planes red, green, blue in [0, 1]; a PNG
 * @throws {Error} with a sentence for the reader
 */
export async function takenIn(file, size) {
  if (file.size > MOST_BYTES) throw new Error(`The file has ${megabytes(file.size)} MB; ${megabytes(MOST_BYTES)} MB is the most.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const header = headerOf(bytes);
  if (!header) throw new Error(`The file is no picture that can be read here: ${READ} can.`);
  if (header.width * header.height > MOST_PIXELS) throw new Error(`The picture has more than ${MOST_PIXELS / 1e6} million pixels: make it smaller.`);
  if (header.format === "TIFF") throw new Error(`A page cannot read TIFF: save the picture as PNG, or bring it to a notebook. ${READ} can be read here.`);
  const decoded = header.whole ? await (header.deep ? deep(bytes, header) : shallow(file, header)) : null;
  if (!decoded) throw new Error("The picture is damaged: it cannot be read to its end.");
  const { before, bands, notes, close } = decoded;
  const colors = await fitted(before, size, bands, others);
  close?.();
  return { ...pictureOf(colors, size), notes: [...notes, ...notesOnSize(before, size)] };
}

/** A picture as the browser decodes it: turned, in eight bits, and brought from the colors of its profile to sRGB's. */
async function shallow(file, header) {
  const ours = header.format === "WEBP"; // whose EXIF not every browser heeds
  const options = { colorSpaceConversion: header.bare ? "none" : "default", imageOrientation: ours ? "none" : "from-image" };
  const bitmap = await createImageBitmap(file, options).catch(() => null);
  if (!bitmap?.width) return null;
  const turned = ours ? header.turned : 1;
  const before = turned > 4 ? [bitmap.width, bitmap.height] : [bitmap.height, bitmap.width];
  return { before, bands: bandsOf(bitmap, turned), notes: notesOn(header), close: () => bitmap.close() };
}

/** For each orientation of EXIF where a picture's corner, its row and its column come to lie, as a canvas takes it. */
function turn(orientation, { width, height }) {
  return [
    [1, 0, 0, 1, 0, 0], [-1, 0, 0, 1, width, 0], [-1, 0, 0, -1, width, height], [1, 0, 0, -1, 0, height],
    [0, 1, 1, 0, 0, 0], [0, 1, -1, 0, height, 0], [0, -1, -1, 0, height, width], [0, -1, 1, 0, 0, width],
  ][orientation - 1] ?? [1, 0, 0, 1, 0, 0];
}

async function deep(bytes, header) {
  const values = await grayValues(bytes, header);
  if (!values) return null;
  const { bits, note } = depthOf(values);
  return { before: [header.height, header.width], bands: grayBands(values, header.width, bits), notes: [note] };
}

/** Colors (RGB, pixel after pixel) as planes and as a PNG. */
export function pictureOf(colors, [height, width]) {
  const area = height * width;
  const pixels = new Float32Array(3 * area);
  const canvas = canvasOf(height, width);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < area; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      pixels[c * area + i] = colors[3 * i + c] / 255;
      image.data[4 * i + c] = colors[3 * i + c];
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return { pixels, uri: canvas.toDataURL("image/png") };
}

/** What was done to a picture because of what it is; `uploads.py` says the same. */
function notesOn({ moving, turned, gray, clear }) {
  return [
    ...(moving ? ["the first frame of an animation"] : []),
    ...(turned > 1 ? ["turned as its EXIF says"] : []),
    ...(gray ? ["gray, given to all three channels"] : []),
    ...(clear ? ["laid on white where it is transparent"] : []),
  ];
}

function notesOnSize([height, width], [tall, wide]) {
  const notes = [];
  if (Math.min(height / tall, width / wide) < 1) notes.push(`enlarged from ${height} × ${width} pixels`);
  else if (height !== tall || width !== wide) notes.push(`scaled down from ${height} × ${width} pixels`);
  if (width * tall !== height * wide) notes.push("cut to its middle");
  return notes;
}

/** Bands of a bitmap on white, turned as an orientation of EXIF has it. */
function bandsOf(bitmap, turned) {
  const canvas = canvasOf(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  return (top, rows, left, columns) => {
    if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
    context.fillStyle = "white";
    context.fillRect(0, 0, columns, rows);
    if (turned > 1) {
      const [a, b, c, d, x, y] = turn(turned, bitmap);
      context.setTransform(a, b, c, d, x - left, y - top);
      context.drawImage(bitmap, 0, 0);
      context.resetTransform();
    } else context.drawImage(bitmap, left, top, columns, rows, 0, 0, columns, rows);
    return context.getImageData(0, 0, columns, rows).data;
  };
}

function canvasOf(height, width) {
  return Object.assign(document.createElement("canvas"), { height, width });
}

function megabytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1).replace(/\.0$/, "");
}
