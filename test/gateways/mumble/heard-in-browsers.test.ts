/** What people in browsers hear of Mumble users: rooms, engines and mixers in simulated time, with real Opus. */
import { test } from 'tap';
import { SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { Membership } from '../../../src/gateways/mumble/shared/membership.ts';
import type { RelayedSeat } from '../../../src/media/plane.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { MUMBLE_COUNTERS } from '../../helpers/mumble-counters.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';
import { toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedServer } from '../../helpers/simulated-server.ts';

const TONE_HZ = 440;
const HEARD_DBFS = -40;
const PACKETS = 50;
const PAUSES_MS = [300, 2000, 4900, 5100, 30_000];
const OPEN = { muted: false, deafened: false };

function tonePackets(): readonly Uint8Array[] {
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz: TONE_HZ, samples: PACKETS * FRAME_SAMPLES }));
  return Array.from({ length: PACKETS }, (_, n) =>
    Uint8Array.from(encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES))),
  );
}

/** Somebody who only hears. */
function listen({ registry }: SimulatedServer, room: string, name: string, mix: (payload: Uint8Array) => void) {
  const listener = new RecordingListener();
  const { participant } = registry.join({ room, name, admission: GUEST, listener, state: OPEN });
  participant.sit((media, options) =>
    media.connectRelayed({ ...options, speaks: false, listens: true, sink: { mix } }),
  );
}

function mumble({ registry, clock }: SimulatedServer, room: string, name: string): Membership {
  return new Membership({
    registry,
    admission: GUEST,
    room,
    name,
    state: OPEN,
    from: undefined,
    address: null,
    clock,
    events: { event: () => {}, ended: () => {}, mix: () => {} },
  });
}

test('whatever a Mumble client counts during pauses, a browser hears each talkspurt whole and soon', async (t) => {
  const server = await SimulatedServer.start(1, 11);
  const { clock } = server;
  const packets = tonePackets();
  const people = Object.entries(MUMBLE_COUNTERS).map(([name, counter]) => {
    const heardMs: number[] = [];
    const decode = createFrameDecoder();
    listen(server, name, 'Browser', (payload) => {
      if (toneLevelDbfs(decode(payload), TONE_HZ) > HEARD_DBFS) heardMs.push(clock.now());
    });
    return { name, counter, heardMs, membership: mumble(server, name, 'Mumble'), frame: 0 };
  });
  await Promise.resolve();
  clock.advance(1000);
  for (const pauseMs of [...PAUSES_MS, 1000]) {
    const beganMs = clock.now();
    for (const one of people) one.heardMs.length = 0;
    for (const [n, opus] of packets.entries()) {
      for (const one of people) {
        const isLast = n === PACKETS - 1 && one.name !== 'proxy';
        const voice = { target: 0, session: 0, frameNumber: one.frame, opus, isLast, position: null };
        one.membership.receive(voice, clock.now());
        one.frame += 2;
      }
      clock.advance(20);
    }
    for (const one of people) one.frame = one.counter(one.frame, pauseMs);
    clock.advance(pauseMs);
    for (const { name, heardMs } of people) {
      const [firstMs, lastMs] = [heardMs[0]! - beganMs, heardMs.at(-1)! - beganMs - PACKETS * 20];
      const what = `${name}, before a pause of ${pauseMs} ms: ${heardMs.length} frames, from ${firstMs} to ${lastMs} ms`;
      t.ok(firstMs <= 120 && heardMs.length >= PACKETS - 1 && heardMs.length <= PACKETS + 6, what);
    }
  }
  clock.advance(2000);
  const { counters } = server.plane.stats()[0]!;
  // A client that never says that it pauses costs five frames of concealment each time; see the test of `Uplink`.
  t.match(counters, { packetsLate: 0, packetsLost: 15, framesConcealed: 30 });
  await server.close();
});

/** Twenty people talk by turns, two at a time, while sixty browsers listen. */
async function byTurns(kind: 'mumble' | 'browser') {
  const server = await SimulatedServer.start(1, 3);
  const { clock, registry } = server;
  const packets = tonePackets();
  const mixes = { packets: 0 };
  const mix = () => void mixes.packets++;
  for (let n = 0; n < 60; n++) listen(server, 'lobby', `Listener ${n}`, mix);
  const talkers = Array.from({ length: 20 }, (_, n): ((packet: Uint8Array, isLast: boolean) => void) => {
    if (kind === 'mumble') {
      const membership = mumble(server, 'lobby', `Talker ${n}`);
      let frameNumber = 0;
      return (opus, isLast) => {
        membership.receive({ target: 0, session: 0, frameNumber, opus, isLast, position: null }, clock.now());
        frameNumber += 2;
      };
    }
    const listener = new RecordingListener();
    const { participant } = registry.join({
      room: 'lobby',
      name: `Talker ${n}`,
      admission: GUEST,
      listener,
      state: OPEN,
    });
    let seat: RelayedSeat | undefined;
    participant.sit((media, options) => {
      seat = media.connectRelayed({ ...options, speaks: true, listens: true, sink: { mix } });
      return seat;
    });
    let sequenceNumber = 0;
    return (payload, isLast) => {
      const place = { sequenceNumber: sequenceNumber++, timestamp: Math.round(clock.now() * 48), levelDbov: -20 };
      seat?.send({ ...place, payload: isLast ? SILENCE_REFRESH_PACKET : payload });
    };
  });
  await Promise.resolve();
  clock.advance(1000);
  const peak = { talkers: 0, unheard: 0 };
  for (let turn = 0; turn < 40; turn++) {
    for (const [n, packet] of packets.entries()) {
      for (const who of [turn, turn + 1]) talkers[who % talkers.length]!(packet, n === packets.length - 1);
      clock.advance(20);
    }
    const { talkers: speaking, talkersUnheard } = server.plane.stats()[0]!.gauges;
    peak.talkers = Math.max(peak.talkers, speaking);
    peak.unheard = Math.max(peak.unheard, talkersUnheard);
  }
  clock.advance(2000);
  const { framesEncoded, framesDecoded } = server.plane.stats()[0]!.counters;
  await server.close();
  return { framesEncoded, framesDecoded, ...peak };
}

test('twenty Mumble users who talk by turns to sixty browsers cost no more than twenty browsers', async (t) => {
  const [mumbleUsers, browsers] = [await byTurns('mumble'), await byTurns('browser')];
  t.match(browsers, { talkers: 2, unheard: 0, framesDecoded: 40 * 2 * PACKETS });
  t.match(mumbleUsers, { talkers: 2, unheard: 0 });
  const marks = mumbleUsers.framesDecoded - browsers.framesDecoded;
  t.ok(marks >= 0 && marks <= 80, `${marks} more decoded: one mark of silence behind each talkspurt`);
  // They hear each other as they are, and so need no mixes of their own.
  t.ok(mumbleUsers.framesEncoded < browsers.framesEncoded / 2, JSON.stringify([mumbleUsers, browsers]));
});
