// What a picture's first bytes tell before it is decoded: its format and size, and what has to be said of it. Pure.

/**
 * @typedef {object} Header
 * @property {string} format     one of PNG, JPEG, WEBP, GIF, BMP, TIFF
 * @property {number} width      as stored; 0 where the format is not looked into (TIFF)
 * @property {number} height
 * @property {number} turned     EXIF's orientation, 1 where there is none
 * @property {boolean} gray      one channel; with an alpha of 16 bits the kernel takes it for color
 * @property {boolean} clear     it may be transparent
 * @property {boolean} moving    an animation
 * @property {boolean} deep      gray values of 16 bits each, and nothing else
 * @property {boolean} bare      a PNG without a profile of its colors: what else it says of them, no kernel heeds
 * @property {boolean} whole     whether it goes on to its end
 */

const PLAIN = { width: 0, height: 0, turned: 1, gray: false, clear: false, moving: false, deep: false, bare: false, whole: true };

/** The header of a file, or null for what is no picture of these formats. */
export function headerOf(bytes) {
  const read = FORMATS.find(([, marks]) => marks.some((mark) => startsWith(bytes, mark)));
  if (!read) return null;
  const [format, , parse] = read;
  try {
    return { ...PLAIN, format, ...parse(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) };
  } catch {
    return { ...PLAIN, format, whole: false }; // it ends within its header
  }
}

/** Characters, with "." for any byte. */
function startsWith(bytes, mark) {
  return bytes.length >= mark.length && [...mark].every((letter, i) => letter === "." || bytes[i] === letter.charCodeAt(0));
}

const FORMATS = [
  ["PNG", ["\x89PNG\r\n\x1a\n"], png],
  ["JPEG", ["\xff\xd8\xff"], jpeg],
  ["WEBP", ["RIFF....WEBP"], webp],
  ["GIF", ["GIF87a", "GIF89a"], gif],
  ["BMP", ["BM"], (bytes, view) => ({ width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) })],
  ["TIFF", ["II*\0", "MM\0*"], () => ({})],
];

function png(bytes, view) {
  const [width, height, bits, kind] = [view.getUint32(16), view.getUint32(20), bytes[24], bytes[25]];
  const chunks = new Map();
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    chunks.set(letters(bytes, at + 4, 4), at + 8);
    at = end;
  }
  const turned = chunks.has("eXIf") ? orientation(view, chunks.get("eXIf"), bytes.length) : 1;
  const gray = kind === 0 || (kind === 4 && bits === 8);
  const clear = kind >= 4 || chunks.has("tRNS");
  const deep = kind === 0 && bits === 16;
  return { width, height, gray, clear, deep, turned, bare: !chunks.has("iCCP"), moving: chunks.has("acTL"), whole: chunks.has("IEND") };
}

function jpeg(bytes, view) {
  const found = { whole: false };
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    const length = view.getUint16(at + 2);
    if (marker === 0xe1 && letters(bytes, at + 4, 6) === "Exif\0\0") found.turned = orientation(view, at + 10, at + 2 + length);
    // The frame's header: of any coding, but no table of Huffman codes (C4), extension (C8) or arithmetic coding (CC).
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      Object.assign(found, { height: view.getUint16(at + 5), width: view.getUint16(at + 7), gray: bytes[at + 9] === 1 });
    }
    at += 2 + length;
    if (marker === 0xda) break; // the picture's data begin: within them 0xFF 0xD9 stands for the end alone
  }
  for (let i = bytes.length - 1; i > at && !found.whole; i -= 1) found.whole = bytes[i] === 0xd9 && bytes[i - 1] === 0xff;
  return found;
}

/** EXIF's tag 0x0112, in a TIFF header at `start`. */
function orientation(view, start, end) {
  const small = view.getUint16(start) === 0x4949;
  let at = start + view.getUint32(start + 4, small);
  const count = view.getUint16(at, small);
  for (let n = 0; n < count && at + 14 <= end; n += 1) {
    if (view.getUint16(at + 2, small) === 0x0112) return view.getUint16(at + 10, small) || 1;
    at += 12;
  }
  return 1;
}

function webp(bytes, view) {
  const kind = letters(bytes, 12, 4);
  const whole = bytes.length >= 8 + view.getUint32(4, true);
  const three = (at) => 1 + bytes[at] + (bytes[at + 1] << 8) + (bytes[at + 2] << 16);
  if (kind === "VP8X") {
    const turned = bytes[20] & 0x08 ? turnOfWebp(bytes, view) : 1;
    return { whole, turned, width: three(24), height: three(27), clear: Boolean(bytes[20] & 0x10), moving: Boolean(bytes[20] & 0x02) };
  }
  if (kind === "VP8L") {
    const packed = view.getUint32(21, true);
    return { whole, width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff), clear: Boolean((packed >>> 28) & 1) };
  }
  return { whole, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

function turnOfWebp(bytes, view) {
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (letters(bytes, at, 4) === "EXIF") {
      const start = at + 8 + (letters(bytes, at + 8, 6) === "Exif\0\0" ? 6 : 0); // some programs write JPEG's mark here, too
      return orientation(view, start, at + 8 + length);
    }
    at += 8 + length + (length % 2);
  }
  return 1;
}

function gif(bytes, view) {
  const found = { width: view.getUint16(6, true), height: view.getUint16(8, true), whole: false };
  const table = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  const skipped = (from) => {
    let at = from;
    while (bytes[at]) at += 1 + bytes[at];
    return at + 1;
  };
  let [at, frames] = [13 + table(bytes[10]), 0];
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x2c) {
      frames += 1;
      at = skipped(at + 11 + table(bytes[at + 9]));
    } else if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9 && !frames) found.clear = Boolean(bytes[at + 3] & 1);
      at = skipped(at + 2);
    } else break;
  }
  return { ...found, moving: frames > 1, whole: frames > 0 && at <= bytes.length };
}

function letters(bytes, at, count) {
  return String.fromCharCode(...bytes.subarray(at, at + count));
}
