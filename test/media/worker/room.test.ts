import { test } from 'tap';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { MixedRoom } from '../../../src/media/worker/room.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import type { MixParticipant } from '../../../src/mixer/mix/mix-participant.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

/** A room that is polled for its levels every six ticks, as the engine does. */
class AskedRoom {
  readonly #codec = new PlainCodec();
  readonly room = new MixedRoom(1, new CodecPool(this.#codec, () => 0), { maxTalkers: 0, levelling: false });
  readonly #speaking = new Set<MixParticipant>();
  readonly #people: MixParticipant[] = [];
  #tick = 0;

  constructor(participants: number) {
    for (let id = 1; id <= participants; id++) {
      const participant = this.room.mixer.add({ sink: { write: () => {} }, muted: false, deafened: false });
      this.room.add(participant, id);
      this.#people.push(participant);
    }
  }

  speak(id: number, speaking: boolean): void {
    if (speaking) this.#speaking.add(this.#people[id - 1]!);
    else this.#speaking.delete(this.#people[id - 1]!);
  }

  leave(id: number): void {
    this.#speaking.clear();
    this.room.remove(this.#people[id - 1]!);
  }

  /** How many speakers are heard once the limit has taken effect. */
  heard(): number {
    this.ask(15);
    let heard = 0;
    this.room.mixer.forEachSpeaker((_participant, { admitted }) => {
      if (admitted) heard++;
    });
    return heard;
  }

  /** The levels sent over this many polls. */
  ask(times: number): (number[] | undefined)[] {
    return Array.from({ length: times }, () => {
      for (let i = 0; i < 6; i++) this.run();
      return this.room.takeLevels();
    });
  }

  run(): void {
    const payload = this.#codec.encode(new Int16Array(FRAME_SAMPLES).fill(3000));
    const nowMs = this.#tick * PTIME_MS;
    for (const participant of this.#speaking) {
      const packet = { sequenceNumber: this.#tick & 0xffff, timestamp: this.#tick * FRAME_SAMPLES, payload };
      this.room.mixer.push(participant, { ...packet, levelDbov: -20, redundant: false }, nowMs);
    }
    this.room.tick(this.#tick++, nowMs + 1);
  }
}

test('a small room gets levels every time while somebody speaks, and once when nobody does any more', async (t) => {
  const room = new AskedRoom(10);
  t.same(room.ask(3), [undefined, undefined, undefined]);
  room.speak(4, true);
  const told = room.ask(8).filter((levels) => levels !== undefined);
  t.ok(told.length >= 7);
  t.ok(told.every((levels) => levels.length === 2 && levels[0] === 4 && Math.abs(levels[1]! + 20) < 20));
  room.speak(4, false);
  const after = room.ask(20);
  t.equal(after.filter((levels) => levels?.length === 0).length, 1);
  t.equal(after.at(-1), undefined);
});

test('a very large room gets levels less often, but a change of speakers at once', async (t) => {
  const room = new AskedRoom(500);
  room.speak(4, true);
  room.ask(10);
  const steady = room.ask(40).filter((levels) => levels !== undefined);
  t.equal(steady.length, 10, 'every fourth time');
  room.speak(5, true);
  const changes = room.ask(4).filter((levels) => levels?.length === 4);
  t.ok(changes.length >= 1, 'without waiting for its turn');
  room.speak(4, false);
  room.speak(5, false);
  t.equal(room.ask(20).filter((levels) => levels?.length === 0).length, 1, 'the end is sent');
});

test('the talker limit of a room can change while people speak, and overload goes below it', async (t) => {
  const asked = new AskedRoom(5);
  for (const id of [1, 2, 3, 4]) asked.speak(id, true);
  t.equal(asked.heard(), 4);
  asked.room.setMix({ maxTalkers: 3, levelling: false });
  t.equal(asked.heard(), 3);
  asked.room.limitTalkers(2);
  t.equal(asked.heard(), 2);
  asked.room.setMix({ maxTalkers: 0, levelling: false });
  t.equal(asked.heard(), 2, "overload applies whatever the room's setting");
  asked.room.setMix({ maxTalkers: 1, levelling: false });
  t.equal(asked.heard(), 1);
  asked.room.limitTalkers(null);
  asked.room.setMix({ maxTalkers: 0, levelling: false });
  t.equal(asked.heard(), 4);
});

test('a room whose last member leaves in mid-word is over once they have faded out', async (t) => {
  const asked = new AskedRoom(1);
  asked.speak(1, true);
  asked.ask(3);
  t.notOk(asked.room.over);
  asked.leave(1);
  asked.room.startClosing();
  const over = [1, 2, 3].map(() => {
    asked.run();
    return asked.room.over;
  });
  t.same(over, [false, true, true], 'one frame to fade, one to report that nothing more follows');
});

test('parts of a room that are linked hear each other, and the last one is on its own again once the others have faded', async (t) => {
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const memories = [createSharedMix(0), createSharedMix(1)] as const;
  const heard: number[][] = [[], []];
  const rooms = [0, 1].map((index) => new MixedRoom(index, pool, { maxTalkers: 0, levelling: false })) as [
    MixedRoom,
    MixedRoom,
  ];
  const people = rooms.map((room, index) => {
    const write = (payload: Uint8Array) => void heard[index]!.push(codec.decode(payload).at(-1)!);
    const participant = room.mixer.add({ sink: { write }, muted: false, deafened: false, voice: index + 1 });
    room.add(participant, index + 1);
    return participant;
  });
  let tick = 0;
  const run = (ticks: number) => {
    for (let i = 0; i < ticks; i++, tick++) {
      const payload = codec.encode(new Int16Array(FRAME_SAMPLES).fill(3000));
      const packet = { sequenceNumber: tick & 0xffff, timestamp: tick * FRAME_SAMPLES, payload };
      rooms[0].mixer.push(people[0]!, { ...packet, levelDbov: -20, redundant: false }, tick * PTIME_MS);
      for (const room of rooms) room.tick(tick, tick * PTIME_MS);
    }
    return heard[1]!.at(-1);
  };
  t.equal(run(20), 0);
  const link = (to: readonly number[]) => {
    for (const index of to) rooms[index as 0 | 1].link(memories[index as 0 | 1], [memories[1 - index]!]);
  };
  link([0, 1]);
  t.equal(run(20), 3000);
  link([0, 1]);
  t.equal(run(1), 3000, 'the same link again changes nothing');
  for (const index of [0, 1] as const) rooms[index].link(memories[index], []);
  run(10);
  t.equal(heard[1]!.at(-1), 0);
  link([0, 1]);
  t.equal(run(20), 3000, 'and they can be linked again');
  for (const room of rooms) room.close();
});
