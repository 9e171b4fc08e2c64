import * as fc from 'fast-check';
import { test } from 'tap';
import { parseWebhookSecret, webhookHeaders } from '../../src/lib/webhook-signature.ts';

test('the headers match the published example of Standard Webhooks', (t) => {
  const key = parseWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' };
  t.same(webhookHeaders(key!, message), {
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
  t.end();
});

test('a secret is base64 of 24 to 64 bytes, with or without its prefix', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom('', 'whsec_'), (bytes, prefix) => {
      const key = parseWebhookSecret(`${prefix}${Buffer.from(bytes).toString('base64')}`);
      const isLong = bytes.length >= 24 && bytes.length <= 64;
      return isLong ? key?.equals(bytes) === true : key === null;
    }),
    { examples: [23, 24, 64, 65].map((length) => [new Uint8Array(length), '']) },
  );
  for (const wrong of ['', 'whsec_', `${'A'.repeat(32)}!`, `whsec whsec_${'A'.repeat(32)}`, `${'A'.repeat(32)}\n`]) {
    t.equal(parseWebhookSecret(wrong), null, wrong);
  }
  t.end();
});
