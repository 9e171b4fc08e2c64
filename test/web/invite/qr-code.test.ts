import { createHash } from 'node:crypto';
import { test } from 'tap';
import { type QrCode, qrCode } from '../../../web/app/invite/qr-code.ts';

const LINK = 'https://voice.example.org/room/';
/** Version and hash of the modules, which are those of the package `qrcode` with the same mask; `jsqr` reads them. */
const KNOWN: readonly (readonly [text: string, version: number, hash: string])[] = [
  ['x', 1, '27dcc9269d483f93'],
  [`${LINK}lobby`, 3, '7dc954adade4fb4a'],
  [LINK + 'r'.repeat(110), 8, 'c118d49e91a68104'],
  [LINK + 'r'.repeat(180), 10, '4035ec0835c575eb'],
  [LINK + '部'.repeat(200), 20, '2555f9ad858cdd55'],
];

function hashOf(code: QrCode): string {
  const rows = code.map((row) => row.map(Number).join('')).join('\n');
  return createHash('sha256').update(rows).digest('hex').slice(0, 16);
}

test('the codes are those that another encoder makes, in every kind of version', async (t) => {
  for (const [text, version, hash] of KNOWN) {
    const code = qrCode(text) ?? [];
    t.equal((code.length - 17) / 4, version);
    t.equal(hashOf(code), hash, `version ${version}`);
  }
});

test('the smallest version that has place is used, and none for what is too long', async (t) => {
  t.equal(qrCode('x'.repeat(14))?.length, 21);
  t.equal(qrCode('x'.repeat(15))?.length, 25);
  t.equal(qrCode('x'.repeat(666))?.length, 97);
  t.equal(qrCode('x'.repeat(667)), null);
});
