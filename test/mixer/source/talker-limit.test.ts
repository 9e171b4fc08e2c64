import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { type Talker, TalkerLimit } from '../../../src/mixer/source/talker-limit.ts';
import { claimRank, createStanding } from '../../../src/mixer/source/talker-places.ts';
import { cases } from '../../helpers/cases.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { clickRatio, concatInt16, rmsDbfs, sharedTone } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 8108);

class Voice implements Talker {
  speaking = false;
  sounding = false;
  admitted = false;
  constructor(public loudnessDbov: number) {}
}

/** Voices and a limit. A tick asks as a source does and fades within one frame. */
function unit(max: number, loudness: readonly number[]) {
  const limit = new TalkerLimit(max);
  const voices = loudness.map((dbov) => new Voice(dbov));
  const run = (ticks = 1): void => {
    for (let i = 0; i < ticks; i++) {
      for (const voice of voices) {
        if (voice.speaking && !voice.admitted) limit.request(voice);
        voice.sounding = voice.speaking && voice.admitted;
      }
      limit.decide();
    }
  };
  const heard = () => voices.flatMap(({ admitted }, i) => (admitted ? [i] : []));
  return { limit, voices, run, heard };
}

test('while there is room everybody is admitted in the tick in which they begin', async (t) => {
  const { voices, run, heard } = unit(3, [-60, -20, -40, -30]);
  for (const [i, voice] of voices.slice(0, 3).entries()) {
    voice.speaking = true;
    run();
    t.ok(voice.sounding, `${i}`);
  }
  t.same(heard(), [0, 1, 2]);
});

test('a newcomer displaces the quietest only by 6 dB, and only after that one was heard for 600 ms', async (t) => {
  const { voices, run, heard } = unit(2, [-30, -20, -24]);
  const [quiet, , newcomer] = voices;
  for (const voice of voices.slice(0, 2)) voice.speaking = true;
  run();
  newcomer!.speaking = true;
  run(28);
  t.same(heard(), [0, 1], 'not before 600 ms');
  run(1);
  t.same(heard(), [1], 'the quietest fades out');
  run(1);
  t.same(heard(), [1, 2], 'then the newcomer is heard');
  quiet!.loudnessDbov = -18.1;
  run(200);
  t.same(heard(), [1, 2], 'less than 6 dB louder');
  quiet!.loudnessDbov = -18;
  run(2);
  t.same(heard(), [0, 1], '6 dB louder');
});

test('a talker who stops makes room at once, for the loudest of those who wait', async (t) => {
  const { voices, run, heard } = unit(2, [-30, -30, -29, -27, -28]);
  for (const voice of voices) voice.speaking = true;
  run(10);
  t.same(heard(), [0, 1]);
  voices[0]!.speaking = false;
  run();
  t.same(heard(), [1, 3]);
});

test('a lowered limit removes one talker per tick, the quietest first, and lifting it admits all', async (t) => {
  const { limit, voices, run, heard } = unit(5, [-30, -20, -40, -25, -35]);
  for (const voice of voices) voice.speaking = true;
  run(3);
  limit.setMax(2);
  run(1);
  t.same(heard(), [0, 1, 3, 4]);
  run(10);
  t.same(heard(), [1, 3]);
  limit.setMax(0);
  run(2);
  t.same(heard(), [0, 1, 2, 3, 4]);
  limit.setMax(5);
  run(40);
  t.same(heard(), [0, 1, 2, 3, 4], 'everybody has one place, including those who were fading out');
});

test('a talker who asks twice in a tick waits in one place only', async (t) => {
  const { limit, voices, run } = unit(1, [-30, -20]);
  voices[0]!.speaking = true;
  run();
  for (let i = 0; i < 2; i++) limit.request(voices[1]!);
  const standing = createStanding();
  limit.tell(standing);
  t.equal(
    standing.claims.reduce((sum, claims) => sum + claims, 0),
    2,
  );
});

test('a fading talker still has a place but no claim, and a new one keeps theirs for 600 ms', async (t) => {
  const { limit, voices, run } = unit(2, [-30, -20, -10]);
  const standing = createStanding();
  const ranks = () => {
    limit.tell(standing);
    return [...standing.claims].flatMap((count, rank) => Array<number>(count).fill(rank));
  };
  for (const voice of voices.slice(0, 2)) voice.speaking = true;
  run(29);
  t.same(ranks(), [0, 0], 'neither may be displaced');
  run();
  t.same(ranks(), [claimRank(-20, true, false), claimRank(-30, true, false)]);
  voices[2]!.speaking = true;
  limit.request(voices[2]!);
  t.same(ranks(), [claimRank(-10, false, false), claimRank(-20, true, false), claimRank(-30, true, false)]);
  limit.decide(standing);
  t.equal(standing.places, 2);
  t.equal(
    standing.claims.reduce((sum, count) => sum + count),
    2,
    'the quietest must go',
  );
});

test('places that others have taken or may take are not available', async (t) => {
  const { limit, voices, run, heard } = unit(4, [-30, -30, -30, -30]);
  limit.divide(3, 2);
  t.ok(limit.hasRoom);
  for (const voice of voices) voice.speaking = true;
  run(3);
  t.same(heard(), [0, 1], 'two are taken elsewhere');
  t.notOk(limit.hasRoom);
  limit.divide(3, 0);
  run(3);
  t.same(heard(), [0, 1, 2], 'three may be taken here');
  limit.divide(1, 0);
  run();
  t.equal(heard().length, 2, 'too many go one by one');
  run(40);
  t.equal(heard().length, 1);
  limit.undivide();
  run(3);
  t.same(heard(), [0, 1, 2, 3]);
  t.notOk(limit.hasRoom);
});

test('a talker who speaks again while fading is kept for another 600 ms', async (t) => {
  const { limit, voices, run, heard } = unit(2, [-30, -10, -12]);
  const [first, second, third] = voices;
  first!.speaking = true;
  run(40);
  first!.speaking = false;
  first!.sounding = true;
  limit.decide();
  t.same(heard(), []);
  first!.speaking = true;
  run(1);
  for (const voice of [second, third]) voice!.speaking = true;
  run(20);
  t.same(heard(), [0, 1]);
  run(20);
  t.same(heard(), [1, 2]);
});

test('while a part has fewer than its share nobody is displaced, because room comes when somebody elsewhere has faded', async (t) => {
  const { limit, voices, run, heard } = unit(3, [-50, -10]);
  voices[0]!.speaking = true;
  run(40);
  limit.divide(2, 2);
  voices[1]!.speaking = true;
  run(100);
  t.same(heard(), [0], 'however loud the newcomer is');
  limit.divide(2, 1);
  run();
  t.same(heard(), [0, 1]);
});

test('for any talk, no more are heard than there are places, and nobody waits while one is free', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (salt, max) => {
      const prng = createPrng(salt);
      const { limit, voices, run, heard } = unit(
        max,
        Array.from({ length: 8 }, () => -60 + Math.floor(50 * prng())),
      );
      const standing = createStanding();
      for (let tick = 0; tick < 150; tick++) {
        for (const voice of voices) if (prng() < 0.04) voice.speaking = !voice.speaking;
        run();
        limit.tell(standing);
        const speaking = voices.filter((voice) => voice.speaking);
        if (heard().length > max || standing.places > max || standing.places < heard().length) return false;
        if (heard().some((i) => !voices[i]!.speaking)) return false;
        // Those fading out keep a place for a tick.
        if (speaking.some((voice) => !voice.admitted) && standing.places < max) return false;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(60) },
  );
});

const toneOf = (index: number, amplitude = 0.02) =>
  sharedTone({ frequencyHz: 350 + 50 * index, samples: 48_000, amplitude });

function plainRoom(maxTalkers: number) {
  const codec = new PlainCodec();
  return { codec, room: new Room(codec, (frame) => codec.encode(frame), { maxTalkers }) };
}

test('with 40 of 40 talking a tick decodes 8 frames and encodes 9, and all 40 are shown as speaking', async (t) => {
  const { room } = plainRoom(8);
  const people = Array.from({ length: 40 }, (_, i) => room.join(toneOf(i)));
  for (const person of people) person.talking = true;
  const { counters } = room.pool;
  room.run(5);
  t.ok(room.pool.decodersInUse <= 8, 'even when all begin at the same time');
  room.run(50);
  const { framesDecoded, framesEncoded } = counters;
  room.run(100);
  t.equal(counters.framesDecoded - framesDecoded, 800);
  t.equal(counters.framesEncoded - framesEncoded, 900);
  t.equal(room.pool.decodersInUse, 8);
  let speakers = 0;
  room.mixer.forEachSpeaker(() => speakers++);
  t.equal(speakers, 40);
});

/** 40 people with changing levels and pauses, for twenty seconds. Returns what was decoded, and what each heard last. */
function liveliness(seed: number) {
  const prng = createPrng(seed);
  const { room } = plainRoom(8);
  const people = Array.from({ length: 40 }, (_, i) => room.join(toneOf(i)));
  let mostDecoded = 0;
  let mostEncoded = 0;
  let encoded = 0;
  const changes: string[] = [];
  let heard = '';
  const TICKS = 1000;
  for (let tick = 0; tick < TICKS; tick++) {
    for (const person of people) {
      if (prng() < 0.01) person.talking = !person.talking;
      person.levelDbov = -45 + 30 * prng();
    }
    const { framesDecoded, framesEncoded } = room.pool.counters;
    room.run();
    mostDecoded = Math.max(mostDecoded, room.pool.counters.framesDecoded - framesDecoded);
    mostEncoded = Math.max(mostEncoded, room.pool.counters.framesEncoded - framesEncoded);
    encoded += room.pool.counters.framesEncoded - framesEncoded;
    const now = people.flatMap(({ place }, i) => (place.source.admitted ? [i] : [])).join();
    if (now !== heard) changes.push(`${tick}: ${now}`);
    heard = now;
  }
  return { mostDecoded, mostEncoded, meanEncoded: encoded / TICKS, changes };
}

test('however lively the talk, no tick decodes more than 8, and the same talk gives the same choice', async (t) => {
  t.comment(`SEED=${SEED}`);
  const first = liveliness(SEED);
  t.comment(first.mostEncoded, first.meanEncoded, first.changes.length);
  t.equal(first.mostDecoded, 8);
  t.ok(first.meanEncoded < 14, `${first.meanEncoded} encodes on average: a recent talker keeps an encoder for 200 ms`);
  t.ok(first.changes.length > 20, 'there were changes');
  t.same(liveliness(SEED).changes, first.changes);
});

test('the displaced talker fades out, the new one fades in, and nobody hears a click', async (t) => {
  const { codec, room } = plainRoom(1);
  const low = sharedTone({ frequencyHz: 1000, samples: 48_000, amplitude: 0.1 });
  const high = sharedTone({ frequencyHz: 1300, samples: 48_000, amplitude: 0.3 });
  const [listener, first, second] = [room.join(low), room.join(low), room.join(high)];
  first.talking = true;
  first.levelDbov = -30;
  room.run(40);
  second.talking = true;
  second.levelDbov = -20;
  room.run(40);
  const decode = (person: Person) =>
    concatInt16([new Int16Array(FRAME_SAMPLES), ...person.written.map(({ payload }) => codec.decode(payload))]);
  const heard = decode(listener);
  t.ok(clickRatio(heard, 2, heard.length, high) < 1.3);
  t.ok(Math.abs(rmsDbfs(heard.subarray(-9600)) - rmsDbfs(high)) < 0.1, 'the louder one is heard now');
  t.ok(Math.abs(rmsDbfs(decode(first).subarray(-9600)) - rmsDbfs(high)) < 0.1, 'even by the one heard before');
  second.talking = false;
  room.run(40);
  t.ok(Math.abs(rmsDbfs(decode(listener).subarray(-9600)) - rmsDbfs(low)) < 0.1, 'the one who waited is heard again');
});

test('a talker without levels in their packets (RFC 6464) is limited as well', async (t) => {
  const { room } = plainRoom(1);
  const [, a, b] = [room.join(toneOf(1, 0.1)), room.join(toneOf(2, 0.1)), room.join(toneOf(3, 0.1))];
  for (const person of [a, b]) person.talking = true;
  Object.assign(a, { levelDbov: null });
  Object.assign(b, { levelDbov: null });
  room.run(60);
  t.equal([a, b].filter(({ place }) => place.contributing).length, 1);
});

test('a place does not stay with somebody who leaves or is muted', async (t) => {
  const { room } = plainRoom(1);
  const [, a, b] = [room.join(toneOf(1)), room.join(toneOf(2)), room.join(toneOf(3))];
  a.talking = true;
  room.run(20);
  b.talking = true;
  room.run(20);
  t.notOk(b.place.source.admitted);
  room.mute(a, true);
  room.run(3);
  t.ok(b.place.source.admitted);
  room.mute(a, false);
  room.run(3);
  room.leave(b);
  room.run(3);
  t.ok(a.place.source.admitted);
});

test('a talker who goes elsewhere takes along no other talker, and none who waits', async (t) => {
  const { limit, voices, run, heard } = unit(3, [-30, -31, -32, -20, -21, -22]);
  const standing = createStanding();
  const claims = () => {
    limit.tell(standing);
    return standing.claims.reduce((sum, count) => sum + count, 0);
  };
  for (const voice of voices.slice(0, 3)) voice.speaking = true;
  run();
  const waiting = voices.slice(3);
  for (const voice of waiting) limit.request(voice);
  limit.request(waiting[2]!);
  t.equal(claims(), 6, 'each counts once');
  limit.drop(voices[0]!);
  t.equal(claims(), 5);
  limit.drop(waiting[0]!);
  t.equal(claims(), 4);
  limit.drop(new Voice(-10));
  t.equal(claims(), 4, 'somebody unknown takes nobody along');
  limit.decide(standing);
  t.same(heard(), [1, 2, 4], 'the louder of those who still wait');
});
