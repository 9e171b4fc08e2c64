import { writeBindingRequest } from '../../../src/rtc/ice/stun-writer.ts';
import { frame } from '../../../src/rtc/net/stream-framing.ts';
import { beginningOf, MAX_BEGINNING } from '../../../src/server/first-bytes.ts';
import { type FuzzTarget, hold } from '../target.ts';

/** How a connection to the shared page and media port begins. */
export const firstBytes: FuzzTarget = {
  name: 'first-bytes',
  files: ['src/server/first-bytes.ts'],
  seeds: () => [
    Buffer.from([0x16, 3, 1, 2, 0, 1, 0]),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    frame(
      writeBindingRequest({
        transactionId: new Uint8Array(12),
        username: 'ufrag:peer',
        key: 'password',
        priority: 1,
        tieBreaker: 1n,
        useCandidate: true,
      }),
    ),
  ],
  run: (input) => {
    const bytes = Buffer.from(input);
    const last = beginningOf(bytes);
    hold(bytes.length < MAX_BEGINNING || last.kind !== 'open', 'the protocol is known before too much is buffered');
    for (let length = bytes.length - 1, later = last.kind; length >= 0; length--) {
      const { kind } = beginningOf(bytes.subarray(0, length));
      hold(kind === later || kind === 'open', 'a decision does not change');
      later = kind;
    }
    if (last.kind === 'media') hold(bytes.includes(last.localUfrag, 0, 'latin1'), 'the name comes from the input');
  },
};
