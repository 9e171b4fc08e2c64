/** The images that browsers show and that contain no program: recognised by their first bytes, whatever their name. */

export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'image/avif';

/** Bytes at an offset; text stands for its ASCII codes. */
type Signature = readonly (readonly [offset: number, bytes: string])[];

const SIGNATURES: readonly (readonly [ImageType, Signature])[] = [
  ['image/png', [[0, '\x89PNG\r\n\x1a\n']]],
  ['image/jpeg', [[0, '\xff\xd8\xff']]],
  ['image/gif', [[0, 'GIF87a']]],
  ['image/gif', [[0, 'GIF89a']]],
  [
    'image/webp',
    [
      [0, 'RIFF'],
      [8, 'WEBP'],
    ],
  ],
  ['image/avif', [[4, 'ftypavif']]],
  ['image/avif', [[4, 'ftypavis']]],
];

/** Undefined for everything else, SVG among it. */
export function imageType(content: Uint8Array): ImageType | undefined {
  return SIGNATURES.find(([, signature]) => signature.every(([offset, bytes]) => has(content, offset, bytes)))?.[0];
}

function has(content: Uint8Array, offset: number, bytes: string): boolean {
  for (let i = 0; i < bytes.length; i++) if (content[offset + i] !== bytes.charCodeAt(i)) return false;
  return true;
}
