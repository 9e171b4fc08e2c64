import { type Test, test } from 'tap';
import { MUMBLE_TOPIC } from '../../../src/protocol/mumble-news.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type PageListener, startUpstream, type UpstreamSetUp } from '../../helpers/mumble-upstream.ts';
import { MURMUR_PACKAGE } from '../../helpers/murmur.ts';

const skip = skipIfMissing(missingPackages([MURMUR_PACKAGE]));

const told = (listener: PageListener, news: object) =>
  eventually(
    () => JSON.stringify(listener.news) === JSON.stringify(news) || JSON.stringify(listener.news) || 'nothing',
  );

async function toldAlone(t: Test, setUp: UpstreamSetUp, news: object) {
  const { browser, upstream } = await startUpstream(t, setUp);
  const { listener } = browser('Anna');
  await told(listener, news);
  t.ok(listener.events.some((event) => event.type === 'data' && event.topic === MUMBLE_TOPIC && event.from === null));
  t.match(upstream.figures, { connected: 0, people: 0 });
}

test('people are told why the other server is not there', { skip }, async (t) => {
  await t.test('a wrong password', (t) =>
    toldAlone(
      t,
      { server: { serverpassword: 'right' }, settings: { password: 'wrong' } },
      {
        state: 'away',
        reason: 'refused',
      },
    ),
  );
  await t.test('no such channel', (t) =>
    toldAlone(t, { rooms: [{ room: 'lobby', path: ['Nowhere'] }] }, { state: 'away', reason: 'refused' }),
  );
  await t.test('nobody at that port', (t) =>
    toldAlone(
      t,
      { settings: { server: { host: '127.0.0.1', port: 1, pins: [] } } },
      {
        state: 'away',
        reason: 'unreachable',
      },
    ),
  );
});

test('the right password', { skip }, async (t) => {
  const { mumble, people } = await startUpstream(t, {
    server: { serverpassword: 'right' },
    settings: { password: 'right' },
  });
  await mumble('Desk', { password: 'right' });
  await eventually(() => people().includes('Desk') || 'not there');
});

test('with its own limits the server bans nobody; the last wait, and are told', { skip }, async (t) => {
  // Two connections of the test itself come first.
  const { browser, upstream, murmur } = await startUpstream(t, {
    server: { autobanAttempts: 10, autobanTimeframe: 120, autobanTime: 300 },
    connects: 8,
  });
  const twelve = Array.from({ length: 12 }, (_, n) => browser(`Browser ${n}`).listener);
  const shared = () => twelve.filter(({ news }) => (news as { state?: string })?.state === 'shared').length;
  await eventually(
    () => (upstream.figures.people === 6 && shared() === 6) || JSON.stringify([upstream.figures, shared()]),
  );
  await new Promise((resolve) => setTimeout(resolve, 3000));
  t.match(upstream.figures, { connected: 1, people: 6, failures: 0 });
  t.notMatch(murmur.output(), /[Bb]an/);
});

test('places of the server stay free for others', { skip }, async (t) => {
  const { browser, upstream, mumble } = await startUpstream(t, { server: { users: 6 } });
  for (let n = 0; n < 8; n++) browser(`Browser ${n}`);
  await eventually(() => upstream.figures.people === 3 || JSON.stringify(upstream.figures), 20_000);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  t.equal(upstream.figures.people, 3, 'with the one that listens, four of six');
  await mumble('Desk');
});

test('what a moderator of the other server does counts here', { skip }, async (t) => {
  const { browser, mumble, people, person, registry } = await startUpstream(t, {
    superPassword: 'super',
    rooms: [
      { room: 'lobby', path: [] },
      { room: 'games', path: ['Games'] },
    ],
  });
  const admin = await mumble('SuperUser', { password: 'super' });
  admin.send('channelState', { parent: 0, name: 'Games' });
  await eventually(() => [...admin.channels.values()].some(({ name }) => name === 'Games') || 'no channel');
  const [anna, ben, carl] = [browser('Anna'), browser('Ben'), browser('Carl')];
  const sessionOf = (name: string) => admin.user(name)?.session;
  await eventually(() => ['Anna', 'Ben', 'Carl'].every((name) => sessionOf(name) !== undefined) || 'not there');

  await t.test('mutes', async (t) => {
    admin.send('userState', { session: sessionOf('Anna')!, mute: true });
    await eventually(() => anna.participant.mutedByModerator || 'not muted');
    admin.send('userState', { session: sessionOf('Anna')!, mute: false });
    await eventually(() => !anna.participant.mutedByModerator || 'muted');
    registry.room('lobby').moderate({ type: 'mute_participant', participantId: ben.participant.id, muted: true });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    t.ok(ben.participant.mutedByModerator, 'a mute of this side is not undone by the other');
    admin.send('userState', { session: sessionOf('Ben')!, mute: true });
    await eventually(() => admin.user('Ben')?.mute === true || 'not muted there');
    await new Promise((resolve) => setTimeout(resolve, 500));
    admin.send('userState', { session: sessionOf('Ben')!, mute: false });
    await eventually(() => admin.user('Ben')?.mute === false || 'muted there');
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.ok(ben.participant.mutedByModerator, 'nor by a mute there that ends');
  });

  await t.test('moves', async () => {
    // The room that listens for that channel must be there first.
    await eventually(
      () => [...admin.users.values()].filter(({ name }) => name?.startsWith('Web')).length === 2 || 'one',
    );
    const games = admin.channel('Games');
    admin.send('userState', { session: sessionOf('Ben')!, channelId: games });
    await eventually(() => people('games').includes('Ben') || `${people()} ${people('games')}`);
  });

  await t.test('removals', async (t) => {
    admin.send('userRemove', { session: sessionOf('Carl')!, reason: 'noise' });
    await eventually(() => carl.listener.endedBy === 'kicked' || 'still here');
    t.notOk(people().includes('Carl'));
    t.ok(person('Anna'));
  });
});

test('nobody hears a visitor before they agree, if a recording needs that', { skip }, async (t) => {
  const { browser, mumble, people, person, registry } = await startUpstream(t);
  browser('Anna');
  const desk = await mumble('Desk');
  await eventually(() => people().includes('Desk') || 'not there');
  person('Desk').sound.setRecorded({ needsConsent: true, onAgreed: () => {} });
  t.ok(person('Desk').memberState.muted);
  const view = { needsConsent: true, startedAtMs: 0 };
  Object.defineProperty(registry.room('lobby').recording, 'view', { get: () => view });
  registry.room('lobby').tellAll({ type: 'recording', recording: view } as never);
  await eventually(() => desk.texts().some((text) => text.includes('/agree')) || desk.texts().join());
  desk.send('textMessage', { channelIds: [0], message: '/agree' });
  await eventually(() => !person('Desk').memberState.muted || 'muted');
  await eventually(() => desk.texts().some((text) => text.includes('You have agreed')) || desk.texts().join());
  const late = await mumble('Late');
  await eventually(() => late.texts().some((text) => text.includes('/agree')) || late.texts().join());
});
