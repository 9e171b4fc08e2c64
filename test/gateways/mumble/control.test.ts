import { test } from 'tap';
import { type SpaceUpdate, spaceUpdateSchema } from '../../../src/protocol/space.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import type { Recorder } from '../../../src/rooms/recording/recorder.ts';
import { eventually } from '../../helpers/eventually.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { clientCertificate, startMumble } from '../../helpers/mumble-server.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);
const MODERATOR = { ...GUEST, identity: 'mod', mayModerate: true };

test('a client is told everything in the order that clients need', async (t) => {
  const server = await startMumble(t);
  server.browser('Bob');
  const client = await server.join();
  const names = client.received.map(({ name }) => name);
  const order = ['version', 'cryptSetup', 'codecVersion', 'channelState', 'userState', 'serverSync', 'serverConfig'];
  const at = order.map((name) => names.indexOf(name as 'version'));
  t.same(
    at,
    [...at].sort((a, b) => a - b),
    names.join(' '),
  );
  t.equal(at.includes(-1), false);
  t.equal(client.of('userState')[0]?.session, client.session, 'the own user comes first');
  t.match(client.of('channelState')[0], { channelId: 0, name: 'Test', parent: undefined });
  t.same(
    [...client.channels.values()].map(({ name, parent }) => [name, parent]),
    [
      ['Test', undefined],
      ['lobby', 0],
      ['games', 0],
    ],
  );
  t.match(client.of('serverSync')[0], { welcomeText: 'Hi &lt;there&gt;', maxBandwidth: 130_000 });
  t.match(client.own, { name: 'Ada', channelId: 0, suppress: true });
  t.match(client.user('Bob'), { channelId: client.channel('lobby'), selfMute: undefined });
});

test('a client enters a room as a participant, and everybody sees that', async (t) => {
  const server = await startMumble(t);
  const { listener } = server.browser('Bob');
  const [client, other] = [await server.join(), await server.join({ name: 'Carl', format: 'old' })];
  await client.enter('lobby');
  t.match(listener.take('participant_joined'), [{ participant: { name: 'Ada', muted: false, via: 'mumble' } }]);
  t.equal(client.own.suppress, false);
  await eventually(() => other.user('Ada')?.channelId === other.channel('lobby') || 'not seen');
  await client.enter('games');
  t.same(
    listener.take('participant_left').map(({ reason }) => reason),
    ['moved'],
  );
  t.equal(server.registry.room('games').size, 1);
  client.close();
  await eventually(() => other.user('Ada') === undefined || 'still there');
  t.throws(() => server.registry.room('games'), { code: 'unknown_room' });
});

test('what a client says reaches its seat, and whispers do not', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  for (const format of ['old', 'protobuf'] as const) {
    const client = await server.join({ format, name: format });
    t.equal(client.own.channelId, client.channel('lobby'));
    const seat = server.plane.rooms[0]?.relayed.at(-1);
    client.say(0, SPEECH);
    client.say(2, SPEECH, { target: 5 });
    client.say(4, SPEECH, { target: 31 });
    client.say(2, SPEECH, { isLast: true });
    await eventually(() => seat?.sent.length === 3 || `${seat?.sent.length} packets`);
    t.match(
      seat?.sent.map(({ sequenceNumber, timestamp, payload }) => [sequenceNumber, timestamp, payload.length]),
      [
        [1, 0, 6],
        [2, 960, 6],
        [3, 1920, 1],
      ],
    );
    await eventually(() => client.heard.length === 1 || 'no echo');
    t.match(client.heard, [{ session: client.session, frameNumber: 4, target: 0, by: 'tunnel' }]);
  }
});

test('what a browser says is passed on as it is, until they are muted', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { participant } = server.browser('Bob');
  sit(participant, 'offer');
  const seatId = participant.seat!.id;
  const clients = [await server.join(), await server.join({ format: 'old', name: 'Carl' })];
  const [room] = server.plane.rooms;
  t.same(room?.tap?.request, { voices: true, mix: false, live: true });
  const say = (n: number, levelDbov = -20) =>
    room?.tap?.sink.voice({
      seatId,
      stream: 7,
      levelDbov,
      arrivalMs: server.clock.now(),
      timestamp: 5000 + 960 * n,
      payload: SPEECH,
    });
  for (let n = 0; n < 3; n++) say(n);
  for (const client of clients) {
    await eventually(() => client.heard.length === 3 || `${client.heard.length} packets`);
    const session = client.user('Bob')?.session;
    t.match(
      client.heard,
      [0, 2, 4].map((frameNumber) => ({ session, frameNumber, opus: SPEECH, isLast: false })),
    );
  }
  clients[1]?.send('userState', { selfDeaf: true });
  await eventually(() => clients[1]?.own.selfDeaf === true || 'not deaf');
  server.clock.advance(400);
  await eventually(() => clients[0]!.heard.length === 4 || 'no end');
  t.match(clients[0]!.heard[3], { frameNumber: 6, isLast: true });
  t.equal(clients[1]!.heard.length, 3, 'whoever is deaf is sent nothing');
});

test('muting goes both ways', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { listener, participant } = server.browser('Bob', 'lobby', MODERATOR);
  const client = await server.join();
  const id = server.registry.room('lobby').everybody[1]!.id;
  client.send('userState', { selfMute: true });
  await eventually(() => client.own.selfMute === true || 'no answer');
  t.match(listener.take('participant_updated').at(-1), { participant: { muted: true, mutedByModerator: false } });
  participant.moderate({ type: 'mute_participant', participantId: id, muted: true });
  await eventually(() => client.own.mute === true || 'not told');
  client.send('userState', { selfMute: false });
  await eventually(() => client.own.selfMute === false || 'no answer');
  t.equal(server.registry.room('lobby').participant(id).view.muted, true, 'the moderator decides');
  participant.moderate({ type: 'mute_participant', participantId: id, muted: false });
  await eventually(() => server.registry.room('lobby').participant(id).view.muted === false || 'still muted');
  participant.setState({ muted: true });
  await eventually(() => client.user('Bob')?.selfMute === true || 'not told');
  client.send('userState', { selfDeaf: true });
  await eventually(() => (client.own.selfDeaf && client.own.selfMute) || 'whoever is deaf is muted');
  client.send('userState', { selfMute: false });
  await eventually(() => client.own.selfDeaf === false || 'whoever unmutes hears again');
});

test('moderators of both kinds remove and mute, and nobody else does', async (t) => {
  const server = await startMumble(t, { access: 'open', settings: { defaultRoom: 'lobby' } });
  const token = await server.access.createToken(
    { room: 'lobby', identity: 'boss', maySpeak: true, mayModerate: true },
    3_600_000,
  );
  const boss = await server.join({ name: 'Boss', tokens: [token] });
  const guest = await server.join({ name: 'Guest' });
  const { listener, participant } = server.browser('Bob');
  await eventually(() => (boss.user('Bob') && guest.user('Bob')) !== undefined || 'not seen');
  const bob = guest.user('Bob')!.session!;
  t.equal(boss.of('serverSync')[0]!.permissions! & 0x30010n, 0x30010n);
  t.equal(guest.of('serverSync')[0]!.permissions! & 0x30010n, 0n);
  guest.send('userState', { session: bob, mute: true });
  await eventually(() => guest.of('permissionDenied').length > 0 || 'not refused');
  boss.send('userState', { session: bob, mute: true });
  await eventually(() => guest.user('Bob')?.mute === true || 'not muted');
  t.equal(participant.view.mutedByModerator, true);
  boss.send('userRemove', { session: bob });
  await eventually(() => listener.endedBy === 'kicked' || 'still there');
  boss.send('userRemove', { session: guest.session, ban: true });
  await eventually(() => guest.isClosed || 'still there');
  t.match(guest.of('userRemove').at(-1), { session: guest.session, reason: 'A moderator has removed you.' });
});

test('somebody with tokens for several rooms is not taken for one who guesses', async (t) => {
  const server = await startMumble(t, { access: 'token', maxFailedJoinsPerMinute: 2 });
  const rights = { identity: 'ada', maySpeak: true, mayModerate: false };
  const tokens = await Promise.all(
    ['a', 'b', 'c', 'Games', 'lobby'].map((room) => server.access.createToken({ room, ...rights }, 3_600_000)),
  );
  const client = await server.join({ tokens });
  for (const room of ['games', 'lobby', 'games']) await client.enter(room);
  t.equal(server.limitCounts.counts.get('failed_joins_per_minute'), 0);
});

test('whoever is banned does not come back as a guest with the same token', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const grant = { room: 'lobby', identity: 'ada', maySpeak: true, mayModerate: false };
  const password = await server.access.createToken(grant, 3_600_000);
  const client = await server.join({ password });
  const [ada] = server.registry.room('lobby').everybody;
  server.registry.room('lobby').moderate({ type: 'kick', participantId: ada!.id, banSeconds: 60 });
  await eventually(() => client.isClosed || 'still there');
  const again = await server.open({ password });
  await eventually(() => again.of('reject').length > 0 || again.of('serverSync').length > 0 || 'no answer');
  t.equal(again.of('serverSync').length, 0);
  t.equal(server.registry.figures.participants, 0);
});

test('a certificate is an identity: it is banned, and takes its own place', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const certificate = await clientCertificate();
  const first = await server.join({ certificate });
  const { identity } = server.registry.room('lobby').everybody[0]!.admission;
  t.match(identity, /^mumble:[\da-f]{40}$/);
  t.equal(`mumble:${first.own.hash}`, identity);
  const second = await server.join({ certificate, name: 'Ada again' });
  await eventually(() => first.isClosed || 'still there');
  t.match(first.of('userRemove').at(-1), { session: first.session, reason: 'You have connected from another device.' });
  t.equal(server.registry.room('lobby').size, 1);
  const { id } = server.registry.room('lobby').everybody[0]!;
  server.registry.room('lobby').moderate({ type: 'kick', participantId: id, banSeconds: 60 });
  await eventually(() => second.isClosed || 'still there');
  const banned = await server.open({ certificate });
  await eventually(() => banned.of('reject').length > 0 || 'not refused');
});

test('text goes both ways, as plain text here and as HTML there', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const { listener, participant } = server.browser('Bob');
  const client = await server.join();
  const channel = client.channel('lobby');
  client.send('textMessage', { channelIds: [channel], message: '<b>Hello</b> &amp;<br/>world<script>x</script>' });
  await eventually(() => listener.events.some(({ type }) => type === 'said') || 'not said');
  t.match(listener.take('said'), [{ line: { text: 'Hello &\nworld', name: 'Ada' }, to: null }]);
  participant.write({ type: 'say', text: '1 < 2\n& more', mentions: [] });
  await eventually(() => client.texts().length === 1 || `${client.texts()}`);
  t.match(client.of('textMessage'), [
    { actor: client.user('Bob')?.session, channelIds: [channel], message: '1 &lt; 2<br>&amp; more' },
  ]);
  client.send('textMessage', { sessions: [client.user('Bob')!.session!], message: 'psst' });
  await eventually(() => listener.events.some((event) => event.type === 'said' && event.to !== null) || 'not said');
  t.match(listener.take('said').at(-1), { line: { text: 'psst' }, to: participant.id });
  const id = server.registry.room('lobby').everybody[1]!.id;
  participant.write({ type: 'say', text: 'yes?', to: id, mentions: [] });
  await eventually(() => client.texts().includes('yes?') || `${client.texts()}`);
  listener.take('said');
  t.match(client.of('textMessage').at(-1), { sessions: [client.session], channelIds: [] });
  client.send('textMessage', { channelIds: [client.channel('games')], message: 'elsewhere' });
  client.send('textMessage', { treeIds: [0], message: 'everywhere' });
  await eventually(() => client.of('permissionDenied').length === 2 || 'not refused');
  t.same(listener.take('said'), []);
});

test('passwords and tokens open rooms, and wrong ones do not', async (t) => {
  const server = await startMumble(t, { roomPasswords: { lobby: 'sesame' }, settings: { defaultRoom: 'lobby' } });
  // Wrong passwords are checked with pauses between them. No faster than time: a login may take long on a busy machine.
  const ticking = setInterval(() => server.clock.advance(10), 10);
  t.teardown(() => clearInterval(ticking));
  const wrong = await server.open({ password: 'simsalabim' });
  await eventually(() => wrong.of('reject').length > 0 || 'not refused');
  t.match(wrong.of('reject'), [{ type: 4 }]);
  await eventually(() => wrong.isClosed || 'still open');
  const right = await server.join({ password: 'sesame' });
  t.equal(right.own.channelId, right.channel('lobby'));
  const byToken = await server.join({ name: 'Bob', tokens: ['nonsense', 'sesame'] });
  t.equal(byToken.own.channelId, byToken.channel('lobby'));
  t.match(byToken.channels.get(byToken.channel('lobby')), { isEnterRestricted: true });
});

test('rooms with a password show nobody to those outside', async (t) => {
  const server = await startMumble(t, { roomPasswords: { lobby: 'sesame' } });
  server.browser('Secret', 'lobby');
  const client = await server.join();
  t.equal(client.user('Secret'), undefined);
  client.send('userState', { channelId: client.channel('lobby') });
  await eventually(() => client.of('permissionDenied').length > 0 || 'not refused');
  t.equal(client.own.channelId, 0);
  client.send('userState', { channelId: client.channel('lobby'), temporaryAccessTokens: ['sesame'] });
  await eventually(() => client.user('Secret') !== undefined || 'not seen');
});

test('who cannot come in is told why', async (t) => {
  const server = await startMumble(t, { access: 'token' });
  const refusal = async (options: Parameters<typeof server.open>[0]) => {
    const client = await server.open(options);
    await eventually(() => client.isClosed || 'still open');
    return client.of('reject')[0]?.type;
  };
  t.equal(await refusal({ opus: false }), 1);
  t.equal(await refusal({ name: '\u0007' }), 2);
  t.equal(await refusal({ name: 'Ada' }), 4, 'a join token is needed');
  const token = await server.access.createToken(
    { room: 'lobby', identity: 'ada', name: 'Ada L.', maySpeak: true, mayModerate: false },
    3_600_000,
  );
  const client = await server.join({ password: token });
  t.match(client.own, { name: 'Ada L.', channelId: client.channel('lobby') });
});

test('whoever has to agree to a recording is told, and is not heard before', async (t) => {
  const started: string[] = [];
  const agreed: string[] = [];
  const recorder: Recorder = {
    consent: 'required',
    start: async ({ room }) => {
      started.push(room);
      return {
        id: 'one',
        startedAtMs: 0,
        entered: () => {},
        left: () => {},
        setMuted: () => {},
        voice: () => {},
        mix: () => {},
        agreed: (id: string) => agreed.push(id),
        stop: () => {},
      };
    },
  };
  const settings = { defaultRoom: 'lobby' };
  const server = await startMumble(t, { settings, more: { recorder, recording: 'always' } });
  const client = await server.join();
  await eventually(() => client.texts().some((text) => text.includes('/agree')) || `${client.texts()}`);
  const seat = server.plane.rooms[0]?.relayed.at(-1);
  const { id } = server.registry.room('lobby').everybody[0]!;
  t.same([started, agreed, seat?.muted], [['lobby'], [], true]);
  const { listener } = server.browser('Bob');
  const channelIds = [client.channel('lobby')];
  client.send('textMessage', { channelIds, message: 'I do not agree' });
  await eventually(() => listener.events.some(({ type }) => type === 'said') || 'not said');
  t.equal(seat?.muted, true);
  client.send('textMessage', { channelIds, message: '<p>/Agree</p>' });
  await eventually(() => seat?.muted === false || 'still muted');
  t.same(agreed, [id]);
  t.equal(listener.take('said').length, 1, 'the agreement is no line of the chat');
  await client.enter('games');
  await client.enter('lobby');
  await eventually(() => server.plane.rooms[0]?.relayed.at(-1)?.muted === true || 'agreement is for one stay');
});

test('an unused connection, a silent one, and one that sends nonsense end', async (t) => {
  const server = await startMumble(t);
  const { connect } = await import('node:tls');
  const unused = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  let isUnusedClosed = false;
  unused.on('close', () => {
    isUnusedClosed = true;
  });
  unused.on('error', () => {}).resume();
  const silent = await server.join({ name: 'Silent' });
  const broken = await server.join({ name: 'Broken' });
  broken.sendFrame(9, Uint8Array.of(0x0b));
  await eventually(() => broken.isClosed || 'still open');
  await eventually(() => server.gateway.figures.connections === 2 || 'not connected');
  server.clock.advance(12_000);
  await eventually(() => isUnusedClosed || 'still open');
  t.equal(silent.isClosed, false);
  server.clock.advance(20_000);
  await eventually(() => silent.isClosed || 'still open');
  t.equal(server.gateway.figures.connections, 0);
});

test('pings are answered with what we received, and statistics show no addresses', async (t) => {
  const server = await startMumble(t);
  const client = await server.join();
  client.ping();
  await eventually(() => client.of('ping').length > 0 || 'no answer');
  t.match(client.of('ping'), [{ timestamp: 1n, good: 0, late: 0, lost: 0, resync: 0 }]);
  server.clock.advance(5000);
  client.send('userStats', { session: client.session });
  await eventually(() => client.of('userStats').length > 0 || 'no answer');
  t.match(client.of('userStats'), [{ session: client.session, onlineSeconds: 5 }]);
});

test('the same name twice is told apart', async (t) => {
  const server = await startMumble(t);
  server.browser('ada');
  const client = await server.join({ name: 'Ada' });
  t.same([...client.users.values()].map(({ name }) => name).sort(), ['Ada', 'ada (2)']);
});

test('in a room with a space a client hears the mix', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const client = await server.join();
  t.equal(server.plane.rooms[0]?.relayed.at(-1)?.options.listens, false);
  server.registry.room('lobby').space.update(spaceUpdateSchema.parse({ rules: {} }) as SpaceUpdate);
  await eventually(() => client.user('Everybody (mixed)') !== undefined || 'nobody says the mix');
  const seat = server.plane.rooms[0]?.relayed.at(-1);
  t.equal(seat?.options.listens, true);
  seat?.options.sink.mix(SPEECH, 960, true);
  seat?.options.sink.mix(SPEECH, 1920, false);
  seat?.options.sink.mix(Uint8Array.of(0xf8, 0xff, 0xfe), 2880, false);
  await eventually(() => client.heard.length === 3 || `${client.heard.length}`);
  t.match(
    client.heard.map(({ session, frameNumber, isLast }) => [session, frameNumber, isLast]),
    [0, 2, 4].map((frame) => [client.user('Everybody (mixed)')?.session, frame, frame === 4]),
  );
});

test('a closing server closes connections without removing anybody, so that clients come back', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const client = await server.join();
  server.gateway.close();
  await eventually(() => client.isClosed || 'still open');
  t.same(client.of('userRemove'), []);
  await eventually(() => server.clock.pendingTimers === 0 || `${server.clock.pendingTimers} timers`);
});

test('the rooms are not read anew each time somebody speaks', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const client = await server.join();
  server.browser('Bob');
  await eventually(() => client.user('Bob') !== undefined || 'not seen');
  const seat = server.plane.rooms[0]!.relayed[0]!;
  let reads = 0;
  const { registry } = server;
  const rooms = [...registry.rooms];
  Object.defineProperty(registry, 'rooms', {
    get: () => {
      reads++;
      return rooms;
    },
  });
  for (let n = 0; n < 10; n++) {
    server.plane.rooms[0]!.events.levels([{ seatId: seat.id, levelDbov: -20 - n }], new Map());
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(reads, 0);
  await server.clock.advance(1000);
  t.equal(reads, 1);
});

test('a room that everybody has left opens no media again', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const client = await server.join();
  for (const room of ['games', 'lobby']) await client.enter(room);
  server.registry.move('lobby', server.registry.room('lobby').everybody[0]!.id, 'games');
  await eventually(() => client.own.channelId === client.channel('games') || 'not moved');
  t.equal(server.plane.rooms.length, 4, 'each room that somebody has entered');
});

test('people are told once in each room that others hear it who are not in it', async (t) => {
  const server = await startMumble(t, { settings: { defaultRoom: 'lobby' } });
  const client = await server.join();
  const told = () => client.texts().filter((text) => text.includes('people who are not in it')).length;
  const listen = (room: string) => {
    const options = { via: 'http', address: null, ended: () => {} } as const;
    server.registry.listen(room, GUEST, options).hears();
  };
  listen('lobby');
  await eventually(() => told() === 1 || `told ${told()} times`);
  await server.clock.advance(2000);
  listen('lobby');
  await server.clock.advance(2000);
  server.browser('Bob', 'games');
  listen('games');
  await client.enter('games');
  await eventually(() => told() === 2 || `told ${told()} times`);
});
