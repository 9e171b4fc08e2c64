/** What the mixer really plays, in simulated time: a whisper reaches its listener, and no millisecond of it the room. */
import { test } from 'tap';
import { Membership } from '../../../src/gateways/mumble/shared/membership.ts';
import { VoiceTargets } from '../../../src/gateways/mumble/voice-targets.ts';
import { WHISPER_TARGET } from '../../../src/gateways/mumble/wire/messages.ts';
import { encodeMessage } from '../../../src/gateways/mumble/wire/protobuf.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { createFrameDecoder, createFrameEncoder } from '../../helpers/opus.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';
import { toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedServer } from '../../helpers/simulated-server.ts';

const TONE_HZ = 440;

test('a whisper that is followed by words for the room, with a full jitter buffer, does not leak', async (t) => {
  const server = await SimulatedServer.start(1, 7);
  const { registry, clock } = server;
  const state = { muted: false, deafened: false };
  const listen = (name: string) => {
    const { participant } = registry.join({
      room: 'lobby',
      name,
      admission: GUEST,
      listener: new RecordingListener(),
      state,
    });
    const heard: { readonly atMs: number; readonly levelDb: number }[] = [];
    const decode = createFrameDecoder();
    const mix = (payload: Uint8Array) =>
      heard.push({ atMs: clock.now(), levelDb: toneLevelDbfs(decode(payload), TONE_HZ) });
    participant.sit((media, options) =>
      media.connectRelayed({ ...options, speaks: false, listens: true, sink: { mix } }),
    );
    return { participant, heard };
  };
  const [friend, other] = [listen('Friend'), listen('Other')];
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
  const roster = { participantOf: () => friend.participant.id, channelOf: () => 1 };
  const targets = new VoiceTargets({
    session: 5,
    roster,
    roomOf: () => registry.room('lobby'),
    whispered: () => {},
    clock,
  });
  targets.define({ id: 1, targets: [encodeMessage(WHISPER_TARGET, { sessions: [9] })] }, membership.participant);
  const room = registry.room('lobby');
  const tapped: number[] = [];
  room.taps.slot().setTap({
    request: { voices: true, mix: false, live: true },
    sink: { voice: ({ arrivalMs }) => void tapped.push(arrivalMs), mix: () => {} },
  });
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz: TONE_HZ, samples: 960 }));
  const silence = encode(new Int16Array(960));
  let frame = 0;
  const say = (opus: Uint8Array, target: number) => {
    const voice = { target, session: 0, frameNumber: frame, opus, isLast: false, position: null };
    frame += 2;
    if (targets.admits(target, membership, clock.now())) membership.receive(voice, clock.now());
  };
  await Promise.resolve();
  clock.advance(1000);
  for (let round = 0; round < 4; round++) {
    // Bursts make the buffer long.
    for (let burst = 0; burst < 8; burst++) {
      for (let n = 0; n < 5; n++) say(encode(sound), 1);
      clock.advance(100);
    }
    for (let n = 0; n < 5; n++) say(encode(sound), 1);
    const fromMs = clock.now();
    for (let n = 0; n < 40; n++) {
      say(silence, 0);
      clock.advance(20);
    }
    t.ok(tapped.length > 0 && tapped.every((atMs) => atMs >= fromMs), 'the tap is shown what is for the room');
    tapped.length = 0;
  }
  const loudest = ({ heard }: typeof friend) => Math.max(...heard.map(({ levelDb }) => levelDb));
  t.ok(friend.heard.length > 100);
  t.ok(loudest(friend) > -30, `the friend hears it: ${loudest(friend)} dBFS`);
  t.ok(loudest(other) < -80, `nobody else does: ${loudest(other)} dBFS`);
  targets.reset();
  await server.close();
});
