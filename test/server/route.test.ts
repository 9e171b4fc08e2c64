import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { type RunningServer, startServer } from '../helpers/running-server.ts';

const ADMIN_TOKEN = 'an-admin-token-for-tests';
/** Far apart, and far from each other's harmonics. */
const TONES_HZ = { ada: 430, ben: 710, cleo: 1130 } as const;
const NOT_HEARD_DBFS = -50;

function join(t: Test, { webSocketUrl: url }: RunningServer, room: string, name: keyof typeof TONES_HZ) {
  return LightTalker.join({ url, room, name, frequencyHz: TONES_HZ[name] }).then((talker) => {
    t.teardown(() => talker.close());
    return talker;
  });
}

for (const workers of [0, 2])
  test(`rooms hear each other through routes, with ${workers} workers`, async (t) => {
    const flags = ['--levelling', 'off', '--admin-token', ADMIN_TOKEN, '--workers', String(workers)];
    const server = await startServer(flags, { logLevel: 'error' });
    t.teardown(() => server.close());
    const api = new ApiClient(server.url, ADMIN_TOKEN);
    const ada = await join(t, server, 'stage', 'ada');
    const ben = await join(t, server, 'hall', 'ben');
    const cleo = await join(t, server, 'foyer', 'cleo');
    const silent = async (who: LightTalker, of: keyof typeof TONES_HZ, why: string) =>
      t.ok((await who.hearDbfs(TONES_HZ[of])) < NOT_HEARD_DBFS, why);

    const first = (await api.post('/rooms/stage/routes', { to: 'hall', direction: 'both' })).body;
    t.match((await api.post('/rooms/hall/routes', { to: 'stage' })).body, { code: 'route_loop' });
    await t.resolves(ben.hears(TONES_HZ.ada));
    await t.resolves(ada.hears(TONES_HZ.ben));
    await silent(ada, 'ada', 'nobody hears themselves from the other room');
    await silent(ben, 'ben', 'nor the other way round');
    const second = (await api.post('/rooms/hall/routes', { to: 'foyer' })).body;
    await t.resolves(cleo.hears(TONES_HZ.ben));
    await t.resolves(cleo.hears(TONES_HZ.ada), 'through the hall');
    await silent(ben, 'cleo', 'one way');
    t.match((await api.post('/rooms/foyer/routes', { to: 'stage' })).body, { code: 'route_loop' });
    t.match((await api.get('/rooms/hall/routes')).body, { total: 2, routes: [{ id: first.id }, { id: second.id }] });
    t.match((await api.get('/rooms/stage/listeners')).body, { total: 1, listeners: [{ via: 'route' }] });
    t.equal((await api.delete(`/rooms/foyer/routes/${second.id}`)).status, 204);
    await silent(cleo, 'ben', 'after the end');
    t.match((await api.delete(`/rooms/foyer/routes/${second.id}`)).body, { code: 'unknown_route' });
    t.match((await api.post('/rooms/hall/routes', { to: 'nowhere' })).body, { code: 'unknown_room' });
  });
