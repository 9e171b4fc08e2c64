import fc from 'fast-check';
import { test } from 'tap';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import { ChannelNews, MAX_TOLD } from '../../src/rooms/channel-news.ts';
import { RoomChannels } from '../../src/rooms/channels.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import type { ChannelFact } from '../../src/rooms/ports.ts';
import { cases } from '../helpers/cases.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const SEED = Number(process.env['SEED'] ?? 5127);

function setUp() {
  const clock = new FakeClock();
  const channels = new RoomChannels();
  const participants = new Map<string, Participant>();
  const facts: ChannelFact[] = [];
  const news = new ChannelNews({ participants, channels, clock, tell: (fact) => facts.push(fact) });
  const enter = (id: string, admission: Admission = GUEST) => {
    const person = { id, admission, fact: { id } } as Partial<Participant> as Participant;
    participants.set(id, person);
    news.changed(person);
    return person;
  };
  const leave = (person: Participant) => {
    participants.delete(person.id);
    news.left(person);
  };
  /** What was told since the last time, in short. */
  const told = () =>
    facts.splice(0).map(({ change, channel, participants: who }) => `${change} ${channel}: ${who.map(({ id }) => id)}`);
  return { clock, channels, news, enter, leave, told, facts };
}

const OPEN = { open: true, speak: [], hear: [] };

test('members are told once a second, by channel, and what is taken back is not told', async (t) => {
  const { clock, channels, news, enter, leave, told } = setUp();
  channels.setTeams(['red', 'blue']);
  const [ada, ben, cleo] = ['ada', 'ben', 'cleo'].map((id) => enter(id)) as [Participant, Participant, Participant];
  clock.advance(1000);
  t.same(told(), []);
  const change = (person: Participant, name: string) => {
    channels.enter(person, name);
    news.changed(person);
  };
  change(ada, 'red');
  change(ben, 'red');
  t.same(told(), [], 'after whatever else has happened at this moment');
  clock.advance(0);
  t.same(told(), ['joined red: ada,ben']);
  change(ada, 'blue');
  change(ben, 'blue');
  change(cleo, 'blue');
  change(ben, 'red');
  clock.advance(999);
  t.same(told(), []);
  clock.advance(1);
  t.same(told(), ['left red: ada', 'joined blue: ada,cleo']);
  clock.advance(5000);
  channels.put('staff', { open: false, speak: ['u1'], hear: [] });
  news.allChanged();
  enter('dora', { ...GUEST, identity: 'u1' });
  leave(cleo);
  clock.advance(0);
  t.same(told(), ['joined staff: dora'], 'by identity, whoever has left is not there');
  channels.setTeams([]);
  news.allChanged();
  news.close();
  clock.advance(5000);
  t.same(told(), []);
});

test('many are told in several events, and any changes add up to what is so in the end', async (t) => {
  const { clock, channels, news, enter, facts } = setUp();
  channels.put('red', OPEN);
  for (let i = 0; i < 2 * MAX_TOLD + 1; i++) channels.enter(enter(`p${i}`), 'red');
  clock.advance(0);
  t.same(
    facts.map(({ participants }) => participants.length),
    [MAX_TOLD, MAX_TOLD, 1],
  );
  news.close();

  t.comment(`SEED=${SEED}`);
  const step = fc.record({
    who: fc.integer({ min: 0, max: 3 }),
    channel: fc.constantFrom('a', 'b', 'c'),
    enters: fc.boolean(),
    waitMs: fc.constantFrom(0, 300, 2000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const some = setUp();
      for (const name of ['a', 'b', 'c']) some.channels.put(name, OPEN);
      const people = [0, 1, 2, 3].map((i) => some.enter(`p${i}`));
      const members = new Set<string>();
      const take = () => {
        for (const { change, channel, participants } of some.facts.splice(0)) {
          for (const { id } of participants) {
            const key = `${channel} ${id}`;
            if (members.has(key) === (change === 'joined')) throw new Error(`${change} ${key} twice`);
            if (change === 'joined') members.add(key);
            else members.delete(key);
          }
        }
      };
      for (const { who, channel, enters, waitMs } of steps) {
        if (enters) some.channels.enter(people[who]!, channel);
        else some.channels.exit(people[who]!, channel);
        some.news.changed(people[who]!);
        some.clock.advance(waitMs);
        take();
      }
      some.clock.advance(1000);
      take();
      const expected = [...some.channels.all].flatMap(({ name, hear }) => [...hear].map((id) => `${name} ${id}`));
      return JSON.stringify([...members].sort()) === JSON.stringify(expected.sort());
    }),
    { seed: SEED, numRuns: cases(100) },
  );
});
