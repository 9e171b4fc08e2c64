import { test } from 'tap';
import { SEND_BUFFER_LENGTH, SendBuffer } from '../../../src/rtc/net/send-buffer.ts';

test('views cover the start of the buffer, and are made once for each length', (t) => {
  const buffer = new SendBuffer();
  t.equal(buffer.bytes.length, 1500);
  for (const length of [1, 80, SEND_BUFFER_LENGTH]) {
    const view = buffer.view(length);
    t.equal(view.length, length);
    buffer.bytes[0] = length & 0xff;
    t.equal(view[0], length & 0xff);
    t.equal(buffer.view(length), view);
  }
  t.end();
});

test('after a renewal the views handed out do not change', (t) => {
  const buffer = new SendBuffer();
  buffer.bytes.fill(1);
  const view = buffer.view(10);
  buffer.renew();
  buffer.bytes.fill(2);
  t.equal(buffer.bytes.length, SEND_BUFFER_LENGTH);
  t.ok(view.every((byte) => byte === 1));
  t.ok(buffer.view(10).every((byte) => byte === 2));
  t.end();
});
