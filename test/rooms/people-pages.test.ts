import { test } from 'tap';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { ParticipantView } from '../../src/rooms/events.ts';
import { PeoplePages } from '../../src/rooms/people-pages.ts';

const person = (id: string, name: string) => ({ view: { id, name } as ParticipantView });

function setUp(names: readonly string[]) {
  const limitCounts = new LimitCounts();
  const pages = new PeoplePages(limitCounts, 0);
  const people = new Map(names.map((name, index) => [`${index}`, person(`${index}`, name)]));
  for (const [id, { view }] of people) pages.entered(id, view.name);
  const asker = person('asker', 'Asker');
  const ask = (query: { after?: string; search?: string } = {}, nowMs = 0, by = asker) =>
    pages.page(by, { search: '', ...query }, people, nowMs);
  return { limitCounts, pages, people, ask };
}

test('a page of exactly 100 is the last, and who has left is in none', (t) => {
  const { pages, people, ask } = setUp(Array.from({ length: 101 }, (_, i) => `Person ${i}`));
  t.equal(ask().next, '100');
  pages.left('0');
  people.delete('0');
  const { participants, next } = ask();
  t.equal(participants.length, 100);
  t.equal(participants[0]?.name, 'Person 1');
  t.equal(next, null);
  people.delete('1');
  t.equal(ask().participants.length, 99, 'somebody who is known no more');
  t.end();
});

test('who comes again keeps the place, and has the new name', (t) => {
  const { pages, ask } = setUp(['Ada', 'Ben']);
  pages.entered('0', 'Émile');
  t.strictSame(
    ask().participants.map(({ id }) => id),
    ['0', '1'],
  );
  t.equal(ask({ search: 'EMI' }).participants.length, 1);
  t.equal(ask({ search: 'ada' }).participants.length, 0);
  t.equal(ask({ after: '1' }).participants.length, 1);
  t.end();
});

test('each may ask eight times at once and four times a second, and all together a hundred times', (t) => {
  const { limitCounts, ask } = setUp(['Ada']);
  for (let i = 0; i < 8; i++) ask();
  t.throws(() => ask(), { code: 'server_busy', retryAfterMs: 250 });
  t.equal(limitCounts.counts.get('people_pages_per_second'), 1);
  t.throws(() => ask({}, 249), { code: 'server_busy' });
  ask({}, 250);
  for (let i = 0; i < 200 - 9; i++) ask({}, 250, person(`${i}`, 'Other'));
  t.doesNotThrow(() => ask({}, 260, person('x', 'Other')));
  let refused = 0;
  for (let i = 0; i < 100; i++) {
    try {
      ask({}, 260, person(`more ${i}`, 'Other'));
    } catch {
      refused++;
    }
  }
  t.ok(refused > 60, `${refused} refused`);
  t.end();
});
