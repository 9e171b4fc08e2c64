/** Pictures are drawn again before they are sent, which leaves out what a camera has written into them: place, time, device. */

const MAX_SIDE_PX = 1920;
const QUALITY = 0.85;
/** A GIF may move, and says nothing about a camera. SVG is a program, and is sent as a file. */
const REDRAWN = /^image\/(?:png|jpeg|webp|avif|bmp|heic|heif)$/;

export interface Prepared {
  readonly name: string;
  readonly content: Blob;
}

/** The width and height of a picture that fits, with the same shape. */
export function fitted(width: number, height: number): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** What is sent of a file: pictures that the browser can read are drawn again, everything else is left as it is. */
export async function prepare(file: File): Promise<Prepared> {
  if (!REDRAWN.test(file.type)) return { name: file.name, content: file };
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null) return { name: file.name, content: file };
  const canvas = document.createElement('canvas');
  Object.assign(canvas, fitted(bitmap.width, bitmap.height));
  const context = canvas.getContext('2d');
  context?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  if (context === null) return { name: file.name, content: file };
  const content = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/webp', QUALITY));
  if (content === null) return { name: file.name, content: file };
  // Browsers that cannot write WebP write PNG.
  const ending = content.type === 'image/webp' ? '.webp' : '.png';
  return { name: file.name.replace(/\.[^.]*$/, '') + ending, content };
}
