import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { formatPasswordHash, hashPassword } from '../../src/rooms/password-hash.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const SECRET = 'the-secret-of-this-server-is-long-enough';
const PLAIN = 'open-sesame-in-the-clear';
const HASHED = 'open-sesame-in-a-hash';
const WRONG = 'open-barley';
const ADMIN_TOKEN = 'the-admin-token-of-this-server';
const WRONG_ADMIN_TOKEN = 'the-admin-token-of-another-one';
const WEBHOOK_SECRET = Buffer.alloc(32, 'webhook').toString('base64');
const WEBHOOK_PATH = 'a-path-that-nobody-else-knows';
const SET_BY_API = 'open-sesame-by-the-api';

test('a server that logs everything it can logs no secret, and no other output contains one', async (t) => {
  const directory = t.testdir({ secret: `${SECRET}\n`, admin: `${ADMIN_TOKEN}\n`, webhook: WEBHOOK_SECRET });
  const hash = formatPasswordHash(await hashPassword(HASHED));
  const config = join(directory, 'partyline.toml');
  writeFileSync(
    config,
    `token-secret-file = "${join(directory, 'secret')}"\n[room-passwords]\nvault = "${PLAIN}"\nsafe = "${hash}"\n`,
  );
  const media = ['--media-host', '127.0.0.1'];
  const hooks = [
    '--webhook-urls',
    `http://127.0.0.1:9/${WEBHOOK_PATH}`,
    '--webhook-secret-file',
    join(directory, 'webhook'),
  ];
  const admin = ['--admin-token-file', join(directory, 'admin'), ...hooks];
  const flags = [...admin, '--config', config, '--log-level', 'trace', '--workers', '1', ...media];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const url = `${server.url.replace('http', 'ws')}ws`;
  const open = async (suffix = '') => {
    const client = await SignalingClient.open(url + suffix);
    t.teardown(() => client.socket.terminate());
    return client;
  };
  const token = (lifetimeMs: number, secret = SECRET) => {
    const grant = { room: 'lobby', identity: 'user-7', name: 'Ada', maySpeak: true, mayModerate: true };
    return createJoinToken(tokenKey(secret), grant, { wallNowMs: Date.now(), lifetimeMs });
  };
  const good = await token(60_000);
  const expired = await token(-60_000);
  const forged = await token(60_000, `${SECRET}!`);
  const oversized = `${good}${'x'.repeat(5000)}`;
  const ada = { type: 'join', room: 'lobby', name: 'Ada' } as const;
  const said: string[] = [];

  const client = await open();
  for (const bad of [expired, forged, oversized, `${good}.`]) {
    client.send({ ...ada, token: bad });
    said.push((await client.next('error')).message);
  }
  client.socket.send(JSON.stringify({ ...ada, token: [good], password: { [PLAIN]: 1 } }));
  said.push((await client.next('error')).message);
  client.socket.send(JSON.stringify({ type: good }));
  said.push((await client.next('error')).message);
  client.socket.send(`{"type":"join","token":"${good}`);
  said.push((await client.next('error')).message);
  for (const room of ['vault', 'safe']) {
    client.send({ ...ada, room, password: WRONG });
    t.match(await client.next('error'), { code: 'wrong_password' });
  }
  client.send({ ...ada, token: good });
  const { resumeToken } = await client.next('joined');
  const again = await open(`?token=${good}`);
  again.send({ ...ada, token: good, resumeToken });
  await again.next('joined');
  for (const [room, password] of [
    ['vault', PLAIN],
    ['safe', HASHED],
  ] as const) {
    const guest = await open();
    guest.send({ ...ada, room, password });
    await guest.next('joined');
  }
  const pages = await Promise.all(
    [`room/lobby?token=${good}`, 'metrics', 'healthz', `nothing/${good}`].map(async (path) =>
      (await fetch(server.url + path)).text(),
    ),
  );
  const api = new ApiClient(server.url.slice(0, -1), ADMIN_TOKEN);
  const made = await api.post('/tokens', { room: 'lobby', identity: 'user-8' });
  await api.post('/rooms', { name: 'attic', password: SET_BY_API });
  await api.patch('/rooms/attic', { password: SET_BY_API });
  said.push((await api.get('/server', { token: WRONG_ADMIN_TOKEN })).body.detail);
  said.push((await api.post('/rooms', { name: SECRET, password: [SET_BY_API] })).body.detail);
  said.push(JSON.stringify((await api.get('/server')).body), JSON.stringify((await api.get('/rooms')).body));
  t.equal(await server.stop(), 0);

  const output = server.output();
  t.match(output, /"level":"debug"/, 'it does log much');
  t.match(output, 'webhook not delivered');
  t.match(output, 'the configuration contains room passwords in plain text');
  const signature = (text: string) => text.split('.')[2]!;
  const secrets = {
    'the secret': SECRET,
    'a password in the clear': PLAIN,
    'a hashed password': HASHED,
    'its hash': hash.split(':')[5]!,
    'a wrong password': WRONG,
    'a resume token': resumeToken,
    'a token': signature(good),
    'an expired token': signature(expired),
    'a forged token': signature(forged),
    'the admin token': ADMIN_TOKEN,
    'a wrong admin token': WRONG_ADMIN_TOKEN,
    'a token made by the API': signature(made.body.token),
    'a password set by the API': SET_BY_API,
    'the secret of webhooks': WEBHOOK_SECRET,
    'the path of a webhook': WEBHOOK_PATH,
  };
  for (const [name, secret] of Object.entries(secrets)) {
    const forms = [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')];
    for (const form of forms) {
      t.notOk(output.includes(form), `the log and ${name}`);
      t.notOk([...said, ...pages].join('\n').includes(form), `what is answered and ${name}`);
    }
  }
});
