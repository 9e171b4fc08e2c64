import { test } from 'tap';
import type { ParticipantView } from '../../src/rooms/events.ts';
import { MAX_SPEAKERS, ShownPeople, SPOKE_FOR_MS } from '../../src/rooms/shown-people.ts';

const view = (id: string, more: Partial<ParticipantView> = {}): ParticipantView => ({
  id,
  identity: null,
  name: id,
  maySpeak: true,
  mayModerate: false,
  muted: false,
  mutedByModerator: false,
  deafened: false,
  microphone: 'open',
  connected: true,
  captured: false,
  ...more,
});
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix} ${i}`);

test('moderators, raised hands, programs and shared sounds are shown, the first of each kind', (t) => {
  const shown = new ShownPeople();
  shown.note(view('nobody'));
  for (const id of names('moderator', 21)) shown.note(view(id, { mayModerate: true }));
  for (const id of names('hand', 21)) shown.note(view(id, { handRaised: true }));
  for (const via of ['whip', 'bot', 'rtp', 'mumble'] as const) shown.note(view(via, { via }));
  for (const id of names('music', 11)) shown.note(view(id, { role: 'music', mayModerate: true }));
  const change = shown.refresh(0);
  const expected = [
    ...[...names('moderator', 20), ...names('hand', 20)],
    ...['whip', 'bot', 'rtp', ...names('music', 10)],
  ];
  t.strictSame(change, { shown: expected, hidden: [] });
  t.strictSame([...shown.ids], expected);
  t.strictSame(shown.refresh(0), { shown: [], hidden: [] });
  t.end();
});

test('when one of them goes or changes, the next takes the place', (t) => {
  const shown = new ShownPeople();
  for (const id of names('hand', 22)) shown.note(view(id, { handRaised: true }));
  shown.refresh(0);
  shown.left('hand 3');
  t.strictSame(shown.refresh(0), { shown: ['hand 20'], hidden: ['hand 3'] });
  shown.note(view('hand 0'));
  t.strictSame(shown.refresh(0), { shown: ['hand 21'], hidden: ['hand 0'] });
  t.end();
});

test('speakers are shown for a minute after their last word', (t) => {
  const shown = new ShownPeople();
  shown.spoke(['ada', 'ben'], 0);
  t.strictSame(shown.refresh(0).shown, ['ada', 'ben']);
  shown.spoke(['ben'], 1000);
  t.strictSame(shown.refresh(SPOKE_FOR_MS - 1).hidden, []);
  t.strictSame(shown.refresh(SPOKE_FOR_MS).hidden, ['ada']);
  t.strictSame(shown.refresh(SPOKE_FOR_MS + 1000).hidden, ['ben']);
  t.end();
});

test('if too many speak, newcomers wait until somebody pauses', (t) => {
  const shown = new ShownPeople();
  const first = names('speaker', MAX_SPEAKERS);
  shown.spoke(first, 0);
  shown.spoke(['late'], 4999);
  t.equal(shown.refresh(4999).shown.includes('late'), false);
  shown.spoke(first.slice(1), 4999);
  shown.spoke(['late'], 5000);
  const { shown: now } = shown.refresh(5000);
  t.equal(shown.ids.has('late'), true);
  t.equal(shown.ids.has('speaker 0'), false);
  t.strictSame(now, ['late']);
  t.equal(shown.ids.size, MAX_SPEAKERS);
  shown.left('late');
  t.strictSame(shown.refresh(5000).hidden, ['late']);
  t.end();
});
