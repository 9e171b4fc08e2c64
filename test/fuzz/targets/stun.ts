import { parseStun, type StunMessage, verifyStunIntegrity } from '../../../src/rtc/ice/stun.ts';
import { writeBindingRequest, writeBindingSuccess, writeUnknownAttributes } from '../../../src/rtc/ice/stun-writer.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { pick, randomBytes } from '../mutate.ts';
import { type FuzzTarget, hold } from '../target.ts';
import { surrounded, watchedBytes } from '../watched-bytes.ts';

const KEY = 'secret of the one who answers';
const TYPES = [1, 6, 8, 9, 10, 0x14, 0x1c, 0x20, 0x24, 0x25, 0x8022, 0x8028, 0x8029, 0x802a, 0x7001, 0xc057] as const;

const request = writeBindingRequest({
  transactionId: Buffer.alloc(12, 7),
  username: 'server:client',
  key: KEY,
  priority: 0x6e7f00ff,
  tieBreaker: 5n,
  useCandidate: true,
});
const genuine = [
  request,
  writeBindingSuccess(Buffer.alloc(12, 1), { address: '192.0.2.7', port: 54_321 }, KEY),
  writeBindingSuccess(Buffer.alloc(12, 2), { address: '2001:db8::7', port: 1 }, KEY),
  writeUnknownAttributes(Buffer.alloc(12, 3), [0x7001, 0x7002], KEY),
];
/** The part that the integrity attribute covers, with the transaction. */
const signed = new Set(genuine.map((datagram) => key(datagram, parseStun(datagram)!)));

function key(datagram: Uint8Array, { integrityAt, class: kind }: StunMessage): string {
  const end = integrityAt! + 24;
  return `${kind} ${Buffer.from(datagram.subarray(4, end)).toString('hex')}`;
}

export const stun: FuzzTarget = {
  name: 'stun',
  files: ['src/rtc/ice/stun.ts', 'src/rtc/ice/stun-writer.ts', 'src/lib/net/ip-address.ts', 'src/lib/crc.ts'],
  weight: 2,
  seeds: () => genuine,
  generate: (prng) => message(prng),
  run: (input) => {
    const parsed = parseStun(surrounded(input, 0));
    hold(
      JSON.stringify(parsed) === JSON.stringify(parseStun(surrounded(input, 0xff))),
      'a message means the same whatever surrounds it in memory',
    );
    if (input.length < 200) parseStun(watchedBytes(input));
    if (parsed === null) return;
    hold(parsed.transactionId.length === 12, 'a transaction id must have 12 bytes');
    hold((parsed.username?.length ?? 0) <= 513, 'a user name has at most 513 bytes');
    hold(parsed.unknownRequired.length <= 8, 'at most 8 unknown attributes are kept');
    const { integrityAt } = parsed;
    hold(integrityAt === null || (integrityAt >= 20 && integrityAt + 24 <= input.length), 'the integrity is in bounds');
    if (verifyStunIntegrity(input, parsed, KEY))
      hold(signed.has(key(input, parsed)), 'only what we signed is authentic');
    checkWriting(parsed);
  },
};

/** The writer's output for the same fields is parsed back to the same fields. */
function checkWriting({ transactionId, username, priority, useCandidate, xorMappedAddress }: StunMessage): void {
  if (username !== null && priority !== null) {
    const written = writeBindingRequest({ transactionId, username, priority, useCandidate, key: KEY, tieBreaker: 1n });
    const again = parseStun(written);
    hold(
      again?.username === username && again.priority === priority && again.useCandidate === useCandidate,
      'a written request parses back unchanged',
    );
    hold(verifyStunIntegrity(written, again, KEY), 'a written request is authentic');
  }
  if (xorMappedAddress !== null) {
    const again = parseStun(writeBindingSuccess(transactionId, xorMappedAddress, KEY))?.xorMappedAddress;
    hold(
      again?.address === xorMappedAddress.address && again.port === xorMappedAddress.port,
      'an address parses back unchanged',
    );
  }
}

/** A well-formed message of random attributes, most of them of the right size. */
function message(prng: Prng): Buffer {
  const attributes = Array.from({ length: integerBetween(prng, 0, 8) }, () => {
    const type = pick(prng, TYPES);
    const size = prng() < 0.7 ? usualSize(prng, type) : integerBetween(prng, 0, 40);
    const value = randomBytes(prng, (size + 3) & ~3);
    if (type === 0x20) value[1] = integerBetween(prng, 1, 2);
    const header = Buffer.from([type >> 8, type & 0xff, size >> 8, size & 0xff]);
    return Buffer.concat([header, value]);
  });
  const body = Buffer.concat(attributes);
  const header = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), randomBytes(prng, 12)]);
  header.writeUInt16BE(pick(prng, [0x0001, 0x0011, 0x0101, 0x0111]), 0);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

function usualSize(prng: Prng, type: number): number {
  switch (type) {
    case 6:
      return pick(prng, [9, 33, 509, 513, 514]);
    case 8:
      return 20;
    case 0x20:
      return pick(prng, [8, 20]);
    case 0x25:
      return 0;
    case 0x24:
    case 0x8028:
      return 4;
    case 0x8029:
    case 0x802a:
      return 8;
    default:
      return 4;
  }
}
