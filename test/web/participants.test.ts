import { test } from 'tap';
import type { Participant } from '../../web/sdk/participant.ts';
import { person, setUpInRoom } from './fake-browser.ts';

test('people are objects that stay the same, and say what happens to them', async (t) => {
  const { browser, client } = await setUpInRoom();
  const other = client.people.get('other')!;
  t.equal(client.localParticipant?.isLocal, true);
  t.match(other, { id: 'other', name: 'name of other', isLocal: false, isMuted: false, isSpeaking: false });
  const told: unknown[] = [];
  other.on('changed', ({ muted }) => told.push(muted));
  other.on('speakingChanged', (isSpeaking) => told.push(isSpeaking ? 'speaks' : 'is silent'));
  other.once('left', (reason) => told.push(reason));
  browser.socket.receive({ type: 'levels', speaking: [['other', -30]] });
  browser.socket.receive({ type: 'levels', speaking: [['other', -20]] });
  t.equal(other.levelDbov, -20);
  browser.socket.receive({ type: 'participant_updated', participant: person('other', { muted: true }) });
  t.equal(client.people.get('other'), other);
  browser.socket.receive({ type: 'levels', speaking: [] });
  browser.socket.receive({ type: 'participant_left', participantId: 'other', reason: 'kicked' });
  t.same(told, ['speaks', true, 'is silent', 'kicked']);
  t.equal(client.people.get('other'), undefined);
  client.close();
});

test('the active speakers are told when they change, loudest first, and not with every level', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: string[][] = [];
  client.on('activeSpeakers', (people: readonly Participant[]) => told.push(people.map(({ id }) => id)));
  for (const speaking of [
    [['me', -40]],
    [['me', -35]],
    [
      ['me', -40],
      ['other', -12],
    ],
    [],
    [],
  ] as const)
    browser.socket.receive({ type: 'levels', speaking });
  t.same(told, [['me'], ['other', 'me'], []]);
  browser.socket.receive({ type: 'levels', speaking: [['other', -12]] });
  const other = client.people.get('other')!;
  browser.socket.drop();
  t.equal(other.isSpeaking, false, 'nothing is known without a connection');
  client.close();
});

test('after a restart of the server, this participant is another object, because it has another id', async (t) => {
  const { browser, client } = await setUpInRoom();
  const before = client.localParticipant!;
  const left: unknown[] = [];
  before.on('left', (reason) => left.push(reason));
  client.leave();
  t.same(left, [null]);
  t.equal(client.people.size, 0);
  t.equal(client.localParticipant, undefined);
  t.equal(browser.timers, 0);
});

test('the volume of a person is set on the person, and does not touch others', async (t) => {
  const { browser, client } = await setUpInRoom();
  const other = client.people.get('other')!;
  other.setVolume(0.5);
  t.equal(other.volume, 0.5);
  t.match(browser.socket.sentOf('hear'), [{ participantId: 'other', gain: 0.5 }]);
  t.throws(() => other.setVolume(3), RangeError);
  client.localParticipant?.setVolume(0.5);
  t.equal(browser.socket.sentOf('hear').length, 1, 'nobody hears themselves');
  client.close();
});

test('an action of a moderator resolves when the server has done it', async (t) => {
  const { browser, client } = await setUpInRoom();
  const errors: unknown[] = [];
  client.on('error', ({ code }) => errors.push(code));
  const muting = client.people.get('other')!.mute();
  const kicking = client.moderation.kick('gone');
  const locking = client.moderation.lock(true);
  const [mute, kick] = [browser.socket.sentOf('mute_participant'), browser.socket.sentOf('kick')];
  t.not(mute[0]?.requestId, kick[0]?.requestId);
  browser.socket.receive({ type: 'done', requestId: mute[0]?.requestId ?? -1 });
  await muting;
  browser.socket.receive({
    type: 'error',
    code: 'unknown_participant',
    message: 'Gone.',
    requestId: kick[0]?.requestId ?? -1,
  });
  await t.rejects(kicking, { name: 'VoiceError', code: 'unknown_participant', message: 'Gone.' });
  t.same(errors, ['unknown_participant'], 'who listens to errors hears of it, too');
  browser.socket.drop();
  await t.rejects(locking, { code: 'unreachable' });
  const unanswered = client.moderation.lock(true);
  await browser.advance(300);
  await browser.acceptJoin();
  await browser.advance(9_700);
  await t.rejects(unanswered, { code: 'unreachable' });
  client.close();
  t.equal(browser.timers, 0);
});

test('in a large room only some people are listed, and nobody has come or gone for that', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: unknown[] = [];
  client.on('count', (count) => told.push(count));
  client.on('participantJoined', ({ id }) => told.push(`${id} came`));
  client.on('participantLeft', ({ participant: { id } }) => told.push(`${id} went`));
  const ids = () => [...client.participants.keys()].sort();
  browser.socket.receive({ type: 'people', participants: [person('chair')], count: 300 });
  t.same(ids(), ['chair', 'me']);
  browser.socket.receive({ type: 'participant_updated', participant: person('speaker') });
  browser.socket.receive({ type: 'people', count: 301 });
  t.same(ids(), ['chair', 'me', 'speaker']);
  browser.socket.receive({ type: 'participant_left', participantId: 'speaker', reason: 'hidden' });
  t.same(ids(), ['chair', 'me']);
  browser.socket.receive({ type: 'participants_left', participants: [{ participantId: 'chair', reason: 'left' }] });
  browser.socket.receive({ type: 'people', participants: [person('me'), person('other')] });
  t.same(ids(), ['me', 'other']);
  t.same(told, [300, 301, 'chair went', undefined]);
  client.close();
});

test('those who are not listed are asked for, page by page', async (t) => {
  const { browser, client } = await setUpInRoom();
  const first = client.listPeople({ search: 'a' });
  const asked = browser.socket.sent.at(-1);
  t.match(asked, { type: 'list_people', search: 'a', requestId: Number });
  const requestId = asked?.type === 'list_people' ? asked.requestId : undefined;
  browser.socket.receive({
    type: 'people_page',
    participants: [person('a')],
    next: '1',
    ...(requestId && { requestId }),
  });
  t.match(await first, { participants: [{ id: 'a' }], next: '1' });
  t.equal(client.participants.has('a'), false);
  client.close();
});
