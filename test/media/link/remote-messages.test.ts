import { type Test, test } from 'tap';
import type { z } from 'zod';
import { remoteCommandSchema, remoteEventSchema } from '../../../src/media/link/remote-messages.ts';

const STATE = { muted: false, deafened: false, hearing: [] };
const MIX = { maxTalkers: 3, levelling: true };
const base64 = (length: number) => Buffer.alloc(length, 7).toString('base64');
const KEY = { key: base64(16), salt: base64(12) };
const CREDENTIALS = { localUfrag: 'ours', localPassword: 'secret', remoteUfrag: 'theirs' };
const WEBRTC = {
  ...CREDENTIALS,
  localSsrc: 7,
  cname: 'mixer',
  opusPayloadType: 111,
  sentOpusPayloadType: 111,
  takesStereo: false,
  redPayloadType: null,
  audioLevelExtensionId: null,
  direction: 'sendrecv',
};
const LINK = {
  localKey: KEY,
  remoteKey: KEY,
  localSsrc: 1,
  remoteSsrc: 2,
  from: '10.0.0.2',
  to: { address: '::1', port: 40_000 },
};
const ADD = { type: 'add_member', memberId: 8, roomId: 5, state: STATE, kind: 'voice' };
const NETWORK = { incoming: { lossRatio: 0.1, jitterMs: 3 }, outgoing: null, roundTripMs: null };

const takes = (schema: z.ZodType, message: object) => schema.safeParse(message).success;
const command = (message: object) => takes(remoteCommandSchema, message);
const event = (message: object) => takes(remoteEventSchema, message);
const addWebRtc = (change: object) =>
  command({ ...ADD, endpoint: { kind: 'webrtc', parameters: { ...WEBRTC, ...change } } });
const addLink = (change: object) => command({ ...ADD, endpoint: { kind: 'link', parameters: { ...LINK, ...change } } });
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

/** The last value that is taken, and the first one that is not. */
type Border = readonly [name: string, take: (value: unknown) => boolean, taken: unknown, refused: unknown];

function checkBorders(t: Test, borders: readonly Border[]): void {
  for (const [name, take, taken, refused] of borders) {
    t.ok(take(taken), `${name}: the last that is taken`);
    t.notOk(take(refused), `${name}: the first that is refused`);
  }
}

test('each number, text and list of a command has a bound', (t) => {
  const open = (mix: object) => command({ type: 'open_room', roomId: 5, mix: { ...MIX, ...mix } });
  const say = (state: object) => command({ type: 'set_state', memberId: 8, state: { ...STATE, ...state } });
  const hears = (gain: unknown) => say({ hearing: [{ seatId: 1, gain }] });
  const keys = (local: object) =>
    command({
      type: 'set_keys',
      memberId: 8,
      keys: { profile: 'AEAD_AES_128_GCM', local: { ...KEY, ...local }, remote: KEY },
    });
  checkBorders(t, [
    ['room', (roomId) => command({ type: 'close_room', roomId }), 1, 0],
    ['room', (roomId) => command({ type: 'close_room', roomId }), Number.MAX_SAFE_INTEGER, 2 ** 53],
    ['member', (memberId) => command({ type: 'remove_member', memberId }), 8, 8.5],
    ['talkers', (maxTalkers) => open({ maxTalkers }), 0, -1],
    ['talkers', (maxTalkers) => open({ maxTalkers }), 1000, 1001],
    ['hearing', (count) => say({ hearing: many(Number(count), { seatId: 1, gain: 1 }) }), 500, 501],
    ['gain', hears, 0, -0.1],
    ['gain', hears, 100, 100.1],
    ['ssrc', (localSsrc) => addWebRtc({ localSsrc }), 1, 0],
    ['ssrc', (localSsrc) => addWebRtc({ localSsrc }), 2 ** 32 - 1, 2 ** 32],
    ['ssrc of a link', (remoteSsrc) => addLink({ remoteSsrc }), 2 ** 32 - 1, 2 ** 32],
    ['text', (cname) => addWebRtc({ cname }), 'x'.repeat(256), 'x'.repeat(257)],
    ['text', (localUfrag) => addWebRtc({ localUfrag }), 'x'.repeat(256), 'x'.repeat(257)],
    ['payload type', (opusPayloadType) => addWebRtc({ opusPayloadType }), 127, 128],
    ['payload type', (redPayloadType) => addWebRtc({ redPayloadType }), 0, -1],
    ['extension', (audioLevelExtensionId) => addWebRtc({ audioLevelExtensionId }), 1, 0],
    ['extension', (audioLevelExtensionId) => addWebRtc({ audioLevelExtensionId }), 255, 256],
    ['direction', (direction) => addWebRtc({ direction }), 'inactive', 'stopped'],
    ['address', (from) => addLink({ from }), '::1', 'localhost'],
    ['port', (port) => addLink({ to: { address: '::1', port } }), 1, 0],
    ['port', (port) => addLink({ to: { address: '::1', port } }), 65_535, 65_536],
    // Whole groups of four characters, of which the last may say less.
    ['key', (length) => keys({ key: base64(Number(length)) }), 33, 34],
    ['salt', (length) => keys({ salt: base64(Number(length)) }), 33, 34],
    ['bytes', (key) => keys({ key }), KEY.key, 'not base64'],
    [
      'datagram',
      (length) => command({ type: 'send_dtls', memberId: 8, datagram: base64(Number(length)) }),
      65_538,
      65_539,
    ],
  ]);
  t.end();
});

test('each number and list of an event has a bound', (t) => {
  const candidate = { protocol: 'udp', address: '10.0.0.2', port: 41_000 };
  const reach = (count: unknown) =>
    event({ type: 'reach', candidates: many(Number(count), candidate), mediaPort: 41_000 });
  const load = (change: object) => event({ type: 'load', utilization: 0.5, overloadLevel: 0, ...change });
  const levels = (speaking: unknown) => event({ type: 'levels', roomId: 5, speaking });
  const networks = (count: unknown) =>
    event({ type: 'networks', networks: many(Number(count), { memberId: 8, network: NETWORK }) });
  checkBorders(t, [
    ['candidates', reach, 64, 65],
    ['media port', (mediaPort) => event({ type: 'reach', candidates: [], mediaPort }), 1, 0],
    ['utilization', (utilization) => load({ utilization }), 0, -0.1],
    ['utilization', (utilization) => load({ utilization }), 100, 100.1],
    ['overload', (overloadLevel) => load({ overloadLevel }), 10, 11],
    ['overload', (overloadLevel) => load({ overloadLevel }), 0, -1],
    ['speakers', (count) => levels(many(Number(count), 1)), 2000, 2001],
    ['level', (level) => levels([8, level]), -127, -128],
    ['networks', networks, 20_000, 20_001],
    ['reason', (reason) => event({ type: 'member_closed', memberId: 8, reason }), 'silent', 'kicked'],
    ['member', (memberId) => event({ type: 'member_moved', memberId }), 1, 0],
  ]);
  t.end();
});

test('bytes arrive as they were, and what nobody asked for is left out', (t) => {
  const text = Buffer.from([0, 1, 254, 255]).toString('base64');
  t.same(remoteCommandSchema.parse({ type: 'send_dtls', memberId: 8, datagram: text, more: 1 }), {
    type: 'send_dtls',
    memberId: 8,
    datagram: Uint8Array.of(0, 1, 254, 255),
  });
  const added = remoteCommandSchema.parse({ ...ADD, kind: undefined, endpoint: { kind: 'link', parameters: LINK } });
  const bytes = { key: new Uint8Array(16).fill(7), salt: new Uint8Array(12).fill(7) };
  t.match(added, { kind: 'voice', endpoint: { parameters: { localKey: bytes, remoteKey: bytes } } });
  const plan = { speaksInto: [1], whispersTo: [3], hears: [0] };
  t.same(remoteCommandSchema.parse({ type: 'set_state', memberId: 8, state: { ...STATE, plan } }), {
    type: 'set_state',
    memberId: 8,
    state: STATE,
  });
  t.end();
});

test('commands and events that belong to one process, and strangers to the list, are refused', (t) => {
  for (const type of ['set_tap', 'relayed_packets', 'follow_hosts', 'link_room', 'set_space', 'close', 'toString'])
    t.notOk(command({ type, memberId: 8, roomId: 5, tap: null, hosts: [], packets: '' }), type);
  t.notOk(command({ ...ADD, endpoint: { kind: 'relayed', parameters: { speaks: true, listens: true } } }));
  t.notOk(command({ ...ADD, kind: 'ghost', endpoint: { kind: 'link', parameters: LINK } }));
  for (const type of ['tapped', 'room_tapped', 'relayed_packets', 'addresses', 'stats', 'failure'])
    t.notOk(event({ type, memberId: 8, records: '', addresses: [], message: '' }), type);
  t.end();
});
