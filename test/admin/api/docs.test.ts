import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { webhookHeaders } from '../../../src/lib/webhook-signature.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { startServer } from '../../helpers/running-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';
const run = promisify(execFile);
const document = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');

function blocks(language: string): string[] {
  return [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code);
}

test('the curl examples work as written', {
  skip: skipIfMissing(missingPackages(['curl'])),
}, async (t) => {
  const directory = t.testdir();
  const flags = ['--admin-token', TOKEN, '--token-secret', SECRET, '--recording-dir', join(directory, 'recordings')];
  const server = await startServer([...flags, '--recording-min-free', '0'], { logLevel: 'error' });
  t.teardown(() => server.close());
  const environment = {
    ...process.env,
    URL: `${server.url}/api/v1`,
    AUTH: `Authorization: Bearer ${TOKEN}`,
    JSON: 'Content-Type: application/json',
    ID: '',
    BAN: '',
    RECORDING: '',
  };
  let done = 0;
  let identified = 0;
  for (const line of blocks('sh').flatMap((block) => block.trim().split('\n'))) {
    if (line.includes('/participants') && environment.ID === '') {
      const client = await SignalingClient.open(server.webSocketUrl);
      t.teardown(() => client.socket.terminate());
      client.send({ type: 'join', room: 'match-17', name: 'x', token: await token(server.url) });
      environment.ID = (await client.next('joined')).participantId;
    }
    if (line.includes('$RECORDING'))
      environment.RECORDING ||= JSON.parse(await readFile(join(directory, 'started.json'), 'utf8')).id;
    const { stdout } = await run('bash', ['-c', line.replace('curl', 'curl --fail-with-body')], {
      env: environment,
      cwd: directory,
    });
    if (line.includes('$URL/bans') && line.includes('-d ')) environment.BAN = JSON.parse(stdout).id;
    if (stdout.includes(environment.ID) && environment.ID !== '') identified++;
    done++;
  }
  t.ok(done > 20, `${done} commands`);
  t.equal(identified, 4, 'answers describe the participant');
  t.match(JSON.parse(await readFile(join(directory, 'openapi.json'), 'utf8')), { openapi: '3.1.0' });
});

async function token(url: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ room: 'match-17', identity: 'player-3' }),
  });
  return ((await response.json()) as { readonly token: string }).token;
}

test('the example that verifies a signature tells genuine events from others', async (t) => {
  const directory = t.testdir({ 'verify.cjs': commonJs(blocks('js')[0] ?? '') });
  const { isGenuine } = createRequire(import.meta.url)(join(directory, 'verify.cjs')) as {
    isGenuine(headers: Record<string, string>, body: string, secret: string): boolean;
  };
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const key = Buffer.alloc(32, 9);
  const body = '{"id":"evt_1","name":"Zoë"}';
  const signed = (timestampS: number) => webhookHeaders(key, { id: 'evt_1', timestampS, body });
  const now = Math.floor(Date.now() / 1000);
  t.ok(isGenuine(signed(now), body, secret));
  t.ok(isGenuine({ ...signed(now), 'webhook-signature': `v1,x ${signed(now)['webhook-signature']}` }, body, secret));
  t.notOk(isGenuine(signed(now), `${body} `, secret));
  t.notOk(isGenuine({ ...signed(now), 'webhook-id': 'evt_2' }, body, secret));
  t.notOk(isGenuine(signed(now - 400), body, secret));
  t.notOk(isGenuine(signed(now), body, `whsec_${Buffer.alloc(32, 8).toString('base64')}`));
});

/** Converts the code so that it can be loaded while the tests run. */
function commonJs(code: string): string {
  return code
    .replace(/^import (\{.*\}) from '(.*)';$/m, "const $1 = require('$2');")
    .replace('export function isGenuine', 'exports.isGenuine = function');
}
