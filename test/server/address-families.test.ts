import { test } from 'tap';
import { LightTalker } from '../helpers/light-talker.ts';
import { startServer } from '../helpers/running-server.ts';

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
    await t.resolves(Promise.all([ada.hears(710), ben.hears(430)]));
  });
}
