/** What is heard of a Mumble client on a bad network, through the real encryption, mixer and codec, in simulated time. */
import { test } from 'tap';
import { Membership } from '../../../src/gateways/mumble/shared/membership.ts';
import { CryptState } from '../../../src/gateways/mumble/wire/crypt-state.ts';
import type { VoiceFormat } from '../../../src/gateways/mumble/wire/version.ts';
import { MAX_PACKET_BYTES, readVoicePacket, writeVoicePacket } from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { createFrameDecoder, createFrameEncoder } from '../../helpers/opus.ts';
import { createPrng } from '../../helpers/prng.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';
import { toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedServer } from '../../helpers/simulated-server.ts';

/** A whole number of periods in 20 ms, so that all packets can be the same. */
const TONE_HZ = 400;
const HEARD_DBFS = -35;
const SEED = 11;

async function talking(format: VoiceFormat) {
  const server = await SimulatedServer.start(1, SEED);
  const { registry, clock } = server;
  const state = { muted: false, deafened: false };
  const listener = new RecordingListener();
  const { participant } = registry.join({ room: 'lobby', name: 'Ear', admission: GUEST, listener, state });
  const levels: number[] = [];
  const decode = createFrameDecoder();
  const mix = (payload: Uint8Array) => levels.push(toneLevelDbfs(decode(payload), TONE_HZ));
  participant.sit((media, options) =>
    media.connectRelayed({ ...options, speaks: false, listens: true, sink: { mix } }),
  );
  const membership = new Membership({
    registry,
    admission: GUEST,
    room: 'lobby',
    name: 'Ada',
    state,
    from: undefined,
    address: null,
    clock,
    events: { event: () => {}, ended: () => {}, mix: () => {} },
  });
  const [key, iv, back] = [1, 2, 3].map((value) => new Uint8Array(16).fill(value)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const client = new CryptState({ key, sendIv: iv, receiveIv: back });
  const ours = new CryptState({ key, sendIv: back, receiveIv: iv });
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz: TONE_HZ, samples: 960 }));
  for (let n = 0; n < 10; n++) encode(sound);
  const opus = encode(sound);
  let frame = 0;
  const receive = (datagram: Uint8Array) => {
    const text = ours.decrypt(datagram);
    const voice = text === null ? null : readVoicePacket(format, text);
    if (voice !== null) membership.receive(voice, clock.now());
  };
  /** One packet after the other; `delayOf` says how many milliseconds it takes, null: it is lost. */
  const talk = (packets: number, delayOf: (n: number) => number | null) => {
    for (let n = 0; n < packets; n++) {
      const into = new Uint8Array(MAX_PACKET_BYTES);
      const voice = { target: 0, session: 0, frameNumber: frame, opus, isLast: false };
      const datagram = Uint8Array.from(client.encrypt(into.subarray(0, writeVoicePacket(format, into, voice))));
      frame += 2;
      const delayMs = delayOf(n);
      if (delayMs !== null) clock.setTimer(clock.now() + delayMs, () => receive(datagram));
      clock.advance(20);
    }
    clock.advance(100);
  };
  /** Of this many ticks, the share in which the talker was heard. */
  const heardOf = (ticks: number) => levels.filter((level) => level > HEARD_DBFS).length / ticks;
  await Promise.resolve();
  clock.advance(500);
  return { server, client, ours, talk, levels, heardOf };
}

for (const format of ['old', 'protobuf'] as const) {
  test(`with a tenth lost, and packets that overtake three others, hardly anything is missing (${format})`, async (t) => {
    const { server, ours, talk, levels, heardOf } = await talking(format);
    const random = createPrng(SEED);
    talk(100, () => 5);
    levels.length = 0;
    let lost = 0;
    talk(250, () => {
      if (random() < 0.1) {
        lost++;
        return null;
      }
      return random() < 0.2 ? 65 : 5;
    });
    t.ok(heardOf(250) > 0.95, `heard in ${(100 * heardOf(250)).toFixed(1)} % of the ticks`);
    t.ok(ours.counts.late > 15, `${ours.counts.late} are late`);
    t.ok(Math.abs(ours.counts.lost - lost) <= 3, `${ours.counts.lost} are counted as lost, ${lost} were`);
    await server.close();
  });
}

test(`after 300 lost in a row the counter is asked for, and the talker is heard again`, async (t) => {
  const { server, client, ours, talk, levels, heardOf } = await talking('old');
  talk(50, () => 5);
  talk(300, () => null);
  levels.length = 0;
  talk(50, () => 5);
  t.equal(heardOf(50), 0, 'nothing can be decrypted');
  ours.resync(client.sendIv);
  levels.length = 0;
  talk(100, () => 5);
  t.ok(heardOf(100) > 0.9, `heard in ${(100 * heardOf(100)).toFixed(1)} % of the ticks`);
  await server.close();
});

test('120 lost in a row need no question', async (t) => {
  const { server, talk, levels, heardOf } = await talking('protobuf');
  talk(50, () => 5);
  talk(120, () => null);
  levels.length = 0;
  talk(100, () => 5);
  t.ok(heardOf(100) > 0.9, `heard in ${(100 * heardOf(100)).toFixed(1)} % of the ticks`);
  await server.close();
});
