import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { LightTalker } from '../helpers/light-talker.ts';
import { startServer } from '../helpers/running-server.ts';

const HEARD_DBFS = -20;
const BINDINGS = [['127.0.0.1'], ['::1'], ['127.0.0.1', '::1'], ['::1', '127.0.0.1']];

for (const hosts of BINDINGS) {
  test(`participants hear each other with media on ${hosts.join(' and ')}`, async (t) => {
    const server = await startServer(['--levelling', 'off', '--media-host', hosts.join(',')]);
    t.teardown(() => server.close());
    const join = { url: server.webSocketUrl, room: 'lobby' };
    const ada = await LightTalker.join({ ...join, name: 'Ada', frequencyHz: 430 });
    t.teardown(() => ada.close());
    const ben = await LightTalker.join({ ...join, name: 'Ben', frequencyHz: 710 });
    t.teardown(() => ben.close());
    await sleep(500);
    const [atAda, atBen] = await Promise.all([ada.hearDbfs(710), ben.hearDbfs(430)]);
    t.ok(atAda > HEARD_DBFS, `Ada hears Ben at ${atAda.toFixed(1)} dBFS`);
    t.ok(atBen > HEARD_DBFS, `Ben hears Ada at ${atBen.toFixed(1)} dBFS`);
  });
}
