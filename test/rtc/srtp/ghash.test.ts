import { createCipheriv } from 'node:crypto';
import { test } from 'tap';
import { Ghash } from '../../../src/rtc/srtp/ghash.ts';
import { createBytes } from '../bytes.ts';

const randomBytes = createBytes(2);

test('GHASH makes the same tags as node:crypto for any lengths, wherever the text begins', (t) => {
  for (let length = 0; length < 300; length++) {
    const key = randomBytes(16);
    const iv = randomBytes(12);
    const aad = randomBytes((length * 7) % 41);
    const start = length % 5;
    const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(aad);
    const text = Buffer.concat([cipher.update(randomBytes(length)), cipher.final()]);
    const block = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    const ghash = new Ghash(block.update(Buffer.alloc(16)));
    const mask = block.update(Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]));
    const around = (bytes: Buffer) => Buffer.concat([randomBytes(start), bytes, randomBytes(20)]);
    for (const again of ['first', 'second']) {
      ghash.digest(Buffer.concat([aad, randomBytes(20)]), aad.length, around(text), start, start + length);
      const tag = Buffer.alloc(16);
      for (let i = 0; i < 4; i++) tag.writeInt32BE(ghash.words[i]! ^ mask.readInt32BE(i * 4), i * 4);
      if (!tag.equals(cipher.getAuthTag())) t.fail(`${length} bytes, key ${key.toString('hex')}, ${again} time`);
    }
  }
  t.end();
});
