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
      ...{ room: 'lobby', name, admission: { ...GUEST, identity: name }, state },
      listener: new RecordingListener(),
    });
    sit(participant, 'offer');
    return participant;
  };
  const [talker, listener] = [join('Talker'), join('Listener')];
  const room = registry.room('lobby');
  const sessionOf = (id: string) => (id === talker.id ? 5 : id === listener.id ? 6 : undefined);
  const relay = new RoomRelay({ room, sessionOf, clock });
  const heard: number[] = [];
  const client = {
    ...{ participant: listener, format: 'protobuf' as const, isDeaf: false },
    sendVoice: (packet: Uint8Array) => {
      heard.push(readVoicePacket('protobuf', packet, true)?.session ?? -1);
    },
  };
  relay.add(client);
  let n = 0;
  const say = (seatId = talker.seat!.id): number => {
    heard.length = 0;
    const place = { seatId, stream: 1, levelDbov: -20, arrivalMs: clock.now(), timestamp: 960 * n++ };
    plane.rooms[0]?.tap?.sink.voice({ ...place, payload: SPEECH });
    return heard.length;
  };
  return { clock, plane, room, relay, talker, listener, client, heard, say };
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
