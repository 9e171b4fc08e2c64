import { test } from 'tap';
import { RoomRelay } from '../../../src/gateways/mumble/room-relay.ts';
import { readVoicePacket } from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { type SpaceUpdate, spaceUpdateSchema } from '../../../src/protocol/space.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);

function relaying() {
  const { clock, plane, registry } = openRegistry();
  const join = (name: string) => {
    const state = { muted: false, deafened: false };
    const { participant } = registry.join({
      room: 'lobby',
      name,
      admission: { ...GUEST, identity: name },
      state,
      listener: new RecordingListener(),
    });
    sit(participant, 'offer');
    return participant;
  };
  const [talker, listener] = [join('Talker'), join('Listener')];
  const room = registry.room('lobby');
  const sessionOf = (id: string) => (id === talker.id ? 5 : id === listener.id ? 6 : undefined);
  let soundsChanged = 0;
  const relay = new RoomRelay({
    room,
    sessionOf,
    clock,
    soundsSession: 9,
    soundsChanged: () => {
      soundsChanged++;
    },
  });
  const heard: number[] = [];
  const client = {
    participant: listener,
    format: 'protobuf' as const,
    isDeaf: false,
    sendVoice: (packet: Uint8Array) => {
      heard.push(readVoicePacket('protobuf', packet, true)?.session ?? -1);
    },
  };
  relay.add(client);
  let n = 0;
  const say = (seatId = talker.seat!.id, levelDbov = -20): number => {
    heard.length = 0;
    const place = { seatId, stream: 1, levelDbov, arrivalMs: clock.now(), timestamp: 960 * n++ };
    plane.rooms[0]?.tap?.sink.voice({ ...place, payload: SPEECH });
    return heard.length;
  };
  /** The seats that hear the mix for the relay. */
  const bridges = () => plane.rooms[0]?.relayed.filter(({ open }) => open) ?? [];
  const changes = () => soundsChanged;
  return { clock, plane, room, relay, talker, listener, client, heard, say, join, bridges, changes };
}

test('a listener hears others and not themselves, and nobody hears a seat that is nobody’s', async (t) => {
  const { heard, say, listener } = relaying();
  t.equal(say(), 1);
  t.same(heard, [5]);
  t.equal(say(listener.seat!.id), 0);
  t.equal(say(999), 0);
  t.equal(say(), 1);
});

test('whoever is deaf, or has silenced the talker, is sent nothing', async (t) => {
  const { say, client, listener, talker } = relaying();
  client.isDeaf = true;
  t.equal(say(), 0);
  client.isDeaf = false;
  listener.hear(talker.id, 0);
  t.equal(say(), 0);
  listener.hear(talker.id, 0.5);
  t.equal(say(), 1, 'another volume is not silence');
});

test('in a room with a space nothing is passed on, because everybody is heard from somewhere', async (t) => {
  const { say, room } = relaying();
  room.space.update(spaceUpdateSchema.parse({ rules: {} }) as SpaceUpdate);
  t.equal(say(), 0);
  room.space.update(spaceUpdateSchema.parse({ rules: null }) as SpaceUpdate);
  t.equal(say(), 1);
});

test('talkspurts end by themselves, and nothing is left when the relay closes', async (t) => {
  const { say, heard, clock, relay, plane } = relaying();
  say();
  heard.length = 0;
  clock.advance(400);
  t.same(heard, [5], 'the end');
  clock.advance(1000);
  t.same(heard, [5], 'once');
  say();
  relay.close();
  t.equal(plane.rooms[0]?.tap, null);
  heard.length = 0;
  clock.advance(400);
  t.same(heard, []);
});

test('the last packets of somebody who leaves are nothing that is played', async (t) => {
  const { say, talker, join, relay, bridges } = relaying();
  const late = join('Late');
  const [seatId, lateId] = [talker.seat!.id, late.seat!.id];
  t.equal(say(seatId), 1);
  talker.leave('left');
  t.equal(say(seatId), 0);
  t.notOk(relay.hasSounds);
  say(lateId);
  late.leave('left');
  // Whoever is new is found before the last packet.
  say(join('New').seat!.id);
  t.equal(say(lateId), 0);
  t.notOk(relay.hasSounds);
  t.same(bridges(), []);
});

test('what is played is heard as one more user, without those who are heard by themselves', async (t) => {
  const { say, heard, bridges, relay, room, talker, listener, clock, join, changes } = relaying();
  say();
  relay.look();
  t.same(bridges(), [], 'as long as nothing is played, it costs nothing');
  say(999);
  t.equal(bridges().length, 1);
  t.equal(changes(), 1);
  t.ok(relay.hasSounds);
  const silenced = () => bridges()[0]?.state.hearing.map(({ seatId, gain }) => [seatId, gain]);
  t.same(
    silenced(),
    [talker, listener].map(({ seat }) => [seat!.id, 0]),
  );
  heard.length = 0;
  bridges()[0]!.options.sink.mix(SPEECH, 960, true);
  t.same(heard, [9]);
  const late = join('Late');
  say(late.seat!.id);
  t.same(silenced()?.at(-1), [late.seat!.id, 0], 'whoever is new is not heard twice');
  for (let s = 0; s < 12; s++) {
    clock.advance(1000);
    say(999);
    relay.look();
  }
  t.equal(bridges().length, 1, 'as long as it lasts');
  clock.advance(9000);
  relay.look();
  t.equal(bridges().length, 1);
  clock.advance(1001);
  relay.look();
  t.same(bridges(), []);
  t.equal(changes(), 2);
  say(999);
  t.equal(bridges().length, 1);
  room.space.update(spaceUpdateSchema.parse({ rules: {} }) as SpaceUpdate);
  relay.look();
  t.same(bridges(), [], 'in a space everybody hears the mix');
});

test('a seat that is nobody’s while nobody listens, and a closed relay, hear nothing', async (t) => {
  const { say, bridges, relay, client } = relaying();
  say(999);
  relay.delete(client);
  relay.look();
  t.same(bridges(), []);
  relay.add(client);
  say(999);
  t.equal(bridges().length, 1);
  relay.close();
  t.same(bridges(), []);
});

test('a whisper reaches those whom its talker may reach, in the context of whispers', async (t) => {
  const { relay, talker, listener, client, heard, join } = relaying();
  const voice = { target: 2, session: 5, frameNumber: 0, opus: SPEECH, isLast: false };
  const whisper = () => {
    heard.length = 0;
    relay.whisper(talker, voice);
    return heard.length;
  };
  t.equal(whisper(), 0, 'they whisper to nobody');
  talker.talkTo({ room: false, channels: [], to: [join('Other').id] });
  t.equal(whisper(), 0);
  talker.talkTo({ room: false, channels: [], to: [listener.id] });
  t.equal(whisper(), 1);
  client.isDeaf = true;
  t.equal(whisper(), 0);
  client.isDeaf = false;
  listener.hear(talker.id, 0);
  t.equal(whisper(), 0);
  listener.hear(talker.id, 1);
  talker.setState({ muted: true });
  t.equal(whisper(), 0);
});

test('in a linked room, shouts are heard like what is played', async (t) => {
  const { relay, room, bridges, plane } = relaying();
  t.ok(plane);
  Object.defineProperty(room.sound, 'isShoutedAt', { get: () => true });
  relay.look();
  t.equal(bridges().length, 1);
});

test('a browser is heard with its first packet, and sends none half a second after its last word', async (t) => {
  const { say, clock, talker } = relaying();
  const { id } = talker.seat!;
  // A microphone that stays open.
  const background = (ms: number) => {
    const passed: number[] = [];
    for (let at = 0; at < ms; at += 20) {
      clock.advance(20);
      if (say(id, -75) > 0) passed.push(at);
    }
    return passed;
  };
  t.same(background(2000), []);
  for (let round = 0; round < 3; round++) {
    t.equal(say(id, -25), 1, 'no packet is lost, nor waits');
    for (let n = 0; n < 50; n++) {
      clock.advance(20);
      t.equal(say(id, -25), 1);
    }
    const after = background(2000);
    t.ok(after.at(-1)! < 500 - 100, `${after.at(-1)} ms after the last word; clients show a talker 100 ms longer`);
  }
});
