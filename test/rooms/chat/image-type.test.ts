import fc from 'fast-check';
import { test } from 'tap';
import { imageType } from '../../../src/rooms/chat/image-type.ts';
import { cases } from '../../helpers/cases.ts';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

test('images are known by their first bytes', (t) => {
  const begins = {
    'image/png': ['\x89PNG\r\n\x1a\n'],
    'image/jpeg': ['\xff\xd8\xff\xe0', '\xff\xd8\xff\xdb'],
    'image/gif': ['GIF87a', 'GIF89a'],
    'image/webp': ['RIFF\0\0\0\0WEBPVP8 '],
    'image/avif': ['\0\0\0\x20ftypavif', '\0\0\0\x20ftypavis'],
  };
  for (const [type, all] of Object.entries(begins))
    for (const begin of all) t.equal(imageType(bytes(`${begin} and more`)), type, JSON.stringify(begin));
  t.end();
});

test('whatever could be a page or a program is none', (t) => {
  const others = [
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    '<!doctype html><script>alert(1)</script>',
    ' GIF89a',
    'RIFF\0\0\0\0WAVE',
    '\0\0\0\x20ftypmp42',
    '%PDF-1.7',
    '\x89PNG',
    '',
  ];
  for (const other of others) t.equal(imageType(bytes(other)), undefined, JSON.stringify(other));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (content) => {
      const type = imageType(content);
      const isText =
        content.length > 0 && content[0]! >= 0x20 && content[0]! < 0x7f && content[0] !== 0x47 && content[0] !== 0x52;
      return type === undefined || !isText || type === 'image/avif';
    }),
    { numRuns: cases(500) },
  );
  t.end();
});
