/** A camera's photo, small enough for a poor network: its longer side 2048 px, or 1024 px for a network that is poorer still, with the camera's own record of time and
 * place, which the cloud reads and strips. Source: Exif 2.32, §4.5 (the APP1 segment) and §4.6.4 (orientation).
 */

/** How long its longer side may be, how well it is drawn, and of how many bytes it is not worth the loss. */
export const GOOD = { longest: 2_048, quality: 0.82, small: 700_000 };
export const ROUGH = { longest: 1_024, quality: 0.7, small: 200_000 };
const ORIENTATION = 0x0112;

/** The photo itself where it is small already, or where this browser cannot draw it. */
export async function shrunk(file, { longest, quality, small }) {
  if (file.size <= small) return file;
  try {
    const picture = await createImageBitmap(file); // upright: browsers heed the orientation
    const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const drawn = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    const exif = upright(exifOf(new Uint8Array(await file.arrayBuffer())));
    const made = exif ? new Blob([drawn.slice(0, 2), exif, drawn.slice(2)], { type: "image/jpeg" }) : drawn;
    return made.size < file.size ? made : file;
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    return file;
  }
}

/** The whole APP1 segment of a JPEG with its marker, or null. */
function exifOf(bytes) {
  const at = (place) => (bytes[place] << 8) | bytes[place + 1];
  if (at(0) !== 0xffd8) return null;
  for (let place = 2; place + 10 < bytes.length && at(place) !== 0xffda; place += 2 + at(place + 2)) {
    if (at(place) === 0xffe1 && String.fromCharCode(...bytes.subarray(place + 4, place + 8)) === "Exif") return bytes.slice(place, place + 2 + at(place + 2));
  }
  return null;
}

/** The same, saying that the picture stands upright, as the canvas has drawn it. */
function upright(segment) {
  if (!segment) return null;
  const view = new DataView(segment.buffer, 10); // behind marker, length and "Exif\0\0"
  const isLittle = view.getUint16(0) === 0x4949;
  const first = view.getUint32(4, isLittle);
  const entries = view.getUint16(first, isLittle);
  for (let at = first + 2; at < first + 2 + 12 * entries; at += 12) {
    if (view.getUint16(at, isLittle) === ORIENTATION) view.setUint16(at + 8, 1, isLittle);
  }
  return segment;
}
