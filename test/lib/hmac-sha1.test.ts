import { createHmac } from 'node:crypto';
import { test } from 'tap';
import { HmacSha1 } from '../../src/lib/hmac-sha1.ts';
import { createBytes } from '../rtc/bytes.ts';

const randomBytes = createBytes(2);

test('HMAC-SHA1 matches node:crypto for any length of message and key', (t) => {
  for (const keyLength of [0, 1, 20, 63, 64, 65, 200]) {
    const key = randomBytes(keyLength);
    const hmac = new HmacSha1(key);
    for (let length = 0; length < 300; length++) {
      const bytes = randomBytes(length);
      const digest = Buffer.alloc(20);
      for (const [i, word] of hmac.digest(Buffer.concat([bytes, key]), length).entries()) {
        digest.writeInt32BE(word, i * 4);
      }
      if (!digest.equals(createHmac('sha1', key).update(bytes).digest())) {
        t.fail(`${length} bytes, key ${key.toString('hex')}`);
      }
    }
  }
  t.end();
});
