/** The built server while the machine's clock is changed, by libfaketime. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const skip = skipIfMissing(missingPackages(['faketime']));
const HOUR_S = 3600;
const MARGIN_S = 600;
const TOKEN = 'an-admin-token-of-32-characters.';
const LIBRARY = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib']
  .map((directory) => join(directory, 'faketime/libfaketime.so.1'))
  .find((file) => existsSync(file));

test('tokens and TURN credentials follow the current time of the machine, and nobody in a conversation notices', {
  skip,
}, async (t) => {
  const directory = t.testdir();
  const file = join(directory, 'offset');
  const setClock = (offsetS: number) => {
    writeFileSync(`${file}.new`, `${offsetS < 0 ? '' : '+'}${offsetS}\n`);
    renameSync(`${file}.new`, file);
  };
  setClock(0);
  const faked = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    // As when NTP sets the clock or a machine wakes up: intervals continue.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const through = ['env', ...Object.entries(faked).map(([name, value]) => `${name}=${value}`)];
  const flags = [
    ...['--media-host', '127.0.0.1', '--workers', '1', '--admin-token', TOKEN],
    ...['--token-secret', 'a secret that is long enough to sign with', '--max-joins-per-minute', '0'],
    ...['--turn-urls', 'turn:127.0.0.1', '--turn-secret', 'a secret for the TURN server'],
  ];
  const server = await startServerProcess(BUILT_SERVER, flags, through);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.slice(0, -1), TOKEN);
  const webSocketUrl = `${server.url.replace('http', 'ws')}ws`;

  const talkers = await Promise.all(
    [500, 820].map((frequencyHz) =>
      LightTalker.join({ url: webSocketUrl, room: 'lobby', name: `${frequencyHz}`, frequencyHz }),
    ),
  );
  for (const talker of talkers) t.teardown(() => talker.close());

  for (const offsetS of [0, 2 * HOUR_S, -5 * HOUR_S, 24 * HOUR_S]) {
    setClock(offsetS);
    const expectedS = Date.now() / 1000 + offsetS;
    const { body } = await api.post('/tokens', { room: 'lobby', identity: 'ada', expiresInSeconds: HOUR_S });
    const expiresS = Date.parse(body.expiresAt) / 1000;
    t.ok(Math.abs(expiresS - expectedS - HOUR_S) < MARGIN_S, `${offsetS} s: a token until ${body.expiresAt}`);
    const client = await SignalingClient.open(webSocketUrl);
    client.send({ type: 'join', room: 'elsewhere', name: 'Cy' });
    const { iceServers } = await client.next('joined');
    const turnUntilS = Number(iceServers[0]?.username?.split(':')[0]);
    t.ok(Math.abs(turnUntilS - expectedS - 24 * HOUR_S) < MARGIN_S, `TURN credentials until ${turnUntilS}`);
    client.socket.close();
    await t.resolves(Promise.all([talkers[0]!.hears(820), talkers[1]!.hears(500)]), 'both hear each other');
    t.equal((await fetch(`${server.url}healthz`)).status, 200);
  }
  t.notMatch(server.output(), /worker (died|replaced)/);
});
