import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { type Test, test } from 'tap';
import { readCommand } from '../../src/config/config.ts';
import { type Follower, reloadSettings } from '../../src/server/reload.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { startWebhookReceiver } from '../helpers/webhook-receiver.ts';

const SECRET = 'a secret that is long enough to sign with';

function configOf(...argv: string[]) {
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error('not to serve');
  return command.config;
}

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const applied: unknown[] = [];
  const followers: Follower[] = [
    { keys: ['maxRooms', 'maxParticipants'], apply: (next) => applied.push(['limits', next.maxRooms]) },
    {
      keys: ['teams'],
      check: ({ teams }) => {
        if (teams.includes('bad')) throw new Error('teams cannot be used.');
      },
      apply: ({ teams }) => applied.push(['teams', teams]),
    },
  ];
  return { lines, applied, shared: { followers, log } };
}

test('settings that are followed are applied, others are named, and what is in force is known', (t) => {
  const { lines, applied, shared } = setUp();
  const before = configOf('--max-rooms', '5', '--workers', '1');
  t.equal(reloadSettings(before, configOf('--max-rooms', '5', '--workers', '1'), shared).maxRooms, 5);
  t.strictSame([applied, lines], [[], []]);
  const after = reloadSettings(before, configOf('--max-rooms', '7', '--workers', '2', '--teams', 'red'), shared);
  t.match(after, { maxRooms: 7, workers: 1, teams: ['red'] });
  t.strictSame(applied, [
    ['limits', 7],
    ['teams', ['red']],
  ]);
  t.strictSame(lines, [
    { level: 30, settings: ['teams', 'max-rooms'], msg: 'settings applied' },
    { level: 40, settings: ['workers'], msg: 'settings changed that need a restart' },
  ]);
  t.end();
});

test('a setting that needs a restart does not take effect with one that does not', (t) => {
  const { lines, shared } = setUp();
  const seen: unknown[] = [];
  const apply: Follower['apply'] = ({ maxRooms, rosterLimit }) => seen.push([maxRooms, rosterLimit]);
  const followers: Follower[] = [{ keys: ['maxRooms'], apply }];
  const before = configOf('--max-rooms', '5', '--roster-limit', '10');
  const after = reloadSettings(before, configOf('--max-rooms', '7', '--roster-limit', '20'), { ...shared, followers });
  t.strictSame(seen, [[7, 10]]);
  t.match(after, { maxRooms: 7, rosterLimit: 10 });
  t.match(lines.at(-1), { settings: ['roster-limit'], msg: 'settings changed that need a restart' });
  t.end();
});

test('one setting that cannot be used keeps all others as they are', (t) => {
  const { lines, applied, shared } = setUp();
  const before = configOf('--max-rooms', '5');
  t.equal(reloadSettings(before, configOf('--max-rooms', '7', '--teams', 'bad'), shared), before);
  t.strictSame(applied, []);
  t.strictSame(lines, [
    { level: 50, problems: ['teams cannot be used.'], msg: 'settings refused: nothing was changed' },
  ]);
  t.end();
});

test('a follower that fails ends neither the others nor the server, and its setting counts as not applied', (t) => {
  const { lines, applied, shared } = setUp();
  const failing: Follower = {
    keys: ['live'],
    apply: () => {
      throw new Error('closing');
    },
  };
  const followers = [failing, ...shared.followers];
  const after = reloadSettings(configOf(), configOf('--live', 'token', '--max-rooms', '7'), { ...shared, followers });
  t.match(after, { live: 'off', maxRooms: 7 });
  t.strictSame(applied, [['limits', 7]]);
  t.match(lines, [
    { level: 50, settings: ['live'], msg: 'settings could not be applied' },
    { settings: ['max-rooms'], msg: 'settings applied' },
    { settings: ['live'], msg: 'settings changed that need a restart' },
  ]);
  t.end();
});

test('another file with the same secret is no change', (t) => {
  const directory = t.testdir({ a: SECRET, b: SECRET });
  const { lines, shared } = setUp();
  const from = (name: string) => configOf('--token-secret-file', join(directory, name));
  reloadSettings(from('a'), from('b'), shared);
  t.strictSame(lines, []);
  t.end();
});

/** A process whose configuration a test rewrites. */
async function startWith(t: Test, first: string) {
  const file = join(t.testdir(), 'partyline.toml');
  writeFileSync(file, first);
  const server = await startServerProcess(BUILT_SERVER, ['--config', file]);
  t.teardown(() => server.stop());
  const reload = async (text: string, said: string) => {
    const before = server.output().length;
    writeFileSync(file, text);
    server.signal('SIGHUP');
    await eventually(() => server.output().slice(before).includes(said) || server.output().slice(before));
    return server.output().slice(before);
  };
  const join_ = async (room: string, credentials: object = {}) => {
    const client = await SignalingClient.open(`${server.url.replace(/^http/, 'ws')}ws`);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room, name: 'Ada', ...credentials });
    return client;
  };
  return { server, reload, join: join_ };
}

test('SIGHUP applies passwords, tokens, limits, webhooks, rooms and the level of the log, and interrupts nobody', async (t) => {
  const [old, fresh] = ['old-admin-token-1234', 'new-admin-token-1234'];
  const receiver = await startWebhookReceiver('whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz');
  t.teardown(() => receiver.close());
  const { server, reload, join } = await startWith(t, `admin-token = "${old}"\nmax-rooms = 2\n`);
  const url = server.url.replace(/\/$/, '');
  const ada = await join('lobby');
  await ada.next('joined');
  const text = [
    `admin-token = "${fresh}"`,
    `token-secret = "${SECRET}"`,
    'max-rooms = 3',
    'max-participants = 1',
    'kept-rooms = "Den=Quiet"',
    'log-level = "debug"',
    'max-sdp-bytes = 5000',
    `webhook-urls = "${receiver.url}"`,
    'webhook-secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"',
    '[room-passwords]',
    'vault = "sesame"',
  ].join('\n');
  const said = await reload(`${text}\n`, 'need a restart');
  t.match(said, /"settings":\[[^\]]*"room-passwords"[^\]]*\],"msg":"settings applied"/);
  t.match(said, /"settings":\["max-sdp-bytes"\],"msg":"settings changed that need a restart"/);
  t.notMatch(said, /sesame|admin-token-1234|a secret/, 'the log names settings, not their values');
  t.match(await new ApiClient(url, old).get('/rooms'), { status: 401 });
  const api = new ApiClient(url, fresh);
  t.match((await api.get('/rooms')).body.rooms, [
    { name: 'lobby', participants: 1, maxParticipants: 500 },
    { name: 'Den', permanent: true, description: 'Quiet', maxParticipants: 1 },
  ]);
  t.match(await (await join('vault')).next('error'), { code: 'password_required' });
  const { token } = (await api.post('/tokens', { room: 'vault', identity: 'ben' })).body;
  await (await join('vault', { token })).next('joined');
  t.match(await (await join('vault', { password: 'sesame' })).next('error'), { code: 'room_full' });
  t.match(await (await join('fourth')).next('error'), { code: 'too_many_rooms' });
  await eventually(() => (receiver.received.length >= 2 ? true : 'no webhook yet'));
  t.ok(receiver.received.every(({ verified }) => verified));
  t.match(server.output(), /"level":"debug"/);

  const refused = await reload(`${text}\nmax-rooms = 9\nnonsense = 1\n`, 'nothing was changed');
  t.match(refused, /settings refused: nothing was changed/);
  const later = await reload(text.replace('vault = "sesame"', 'vault = "scrypt:nonsense"'), 'nothing was changed');
  t.match(later, /password hash of the room vault is damaged/);
  t.match(await (await join('vault', { password: 'sesame' })).next('error'), { code: 'room_full' });
  await reload(text.replace('"debug"', '"info"'), 'settings applied');
  const quiet = server.output().length;
  ada.send({ type: 'state', muted: true });
  await ada.settled();
  await (await join('lobby', { token: 'x' })).next('error');
  t.notMatch(server.output().slice(quiet), /"level":"debug"/);
  t.equal(ada.socket.readyState, ada.socket.OPEN, 'and Ada never noticed');
  const asItIs = text.replace('"debug"', '"info"').replace('max-sdp-bytes = 5000\n', '');
  t.match(await reload(asItIs, 'nothing to reload'), /nothing has changed/);
});
