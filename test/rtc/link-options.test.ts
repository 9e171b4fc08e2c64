import { test } from 'tap';
import { isLinkParameters, type LinkParameters } from '../../src/rtc/link-options.ts';

const key = (length = 16, saltLength = 12) => ({ key: new Uint8Array(length), salt: new Uint8Array(saltLength) });

function check(change: Partial<LinkParameters>): boolean {
  return isLinkParameters({
    localKey: key(),
    remoteKey: key(),
    localSsrc: 11,
    remoteSsrc: 22,
    from: '10.0.0.2',
    to: { address: '10.0.0.1', port: 40_000 },
    ...change,
  });
}

test('keys have the lengths of AEAD_AES_128_GCM', (t) => {
  t.ok(check({}));
  for (const name of ['localKey', 'remoteKey'] as const)
    for (const [length, saltLength] of [
      [15, 12],
      [17, 12],
      [32, 12],
      [0, 12],
      [16, 11],
      [16, 14],
      [16, 0],
    ])
      t.notOk(check({ [name]: key(length, saltLength) }), `${name} ${length} ${saltLength}`);
  t.end();
});

test('numbers are two different ones between 1 and 2^32 - 1', (t) => {
  for (const name of ['localSsrc', 'remoteSsrc'] as const) {
    for (const ssrc of [1, 2, 2 ** 31, 2 ** 32 - 1]) t.ok(check({ [name]: ssrc }), `${name} ${ssrc}`);
    for (const ssrc of [0, -1, 1.5, 2 ** 32, Number.NaN]) t.notOk(check({ [name]: ssrc }), `${name} ${ssrc}`);
  }
  t.notOk(check({ localSsrc: 22 }));
  t.notOk(check({ remoteSsrc: 11 }));
  t.end();
});
