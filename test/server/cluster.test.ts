import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { type ClusterNode, startNodes } from '../helpers/cluster-nodes.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { startRedis } from '../helpers/redis.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { startWebhookReceiver } from '../helpers/webhook-receiver.ts';

/** A room or a server in an answer of the API. */
type Listed = { readonly name: string; readonly node: string; readonly self: boolean };
type Joined = Awaited<ReturnType<SignalingClient['join']>>;

const ADMIN_TOKEN = 'an-admin-token-of-32-characters.';
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'key').toString('base64')}`;
const TOKEN_SECRET = 'a secret that is long enough to sign with';

/** As long as the client library waits for a server, so that one that stands still does not hold it. */
const OPEN_MS = 6000;

async function open(t: Test, url: string): Promise<SignalingClient> {
  const opened = new AbortController();
  const late = sleep(OPEN_MS, undefined, opened).then(() => {
    throw new Error('the server does not answer');
  });
  late.catch(() => {});
  const client = await Promise.race([SignalingClient.open(url), late]).finally(() => opened.abort());
  t.teardown(() => client.socket.terminate());
  return client;
}

/** Joins as the client library does. Returns the node where it is in the end. */
async function enter(t: Test, url: string, room: string, name: string, credentials: object = {}) {
  for (let step = 0; ; step++) {
    const client = await open(t, url);
    client.send({ type: 'join', room, name, redirects: true, ...credentials });
    const message = await client.nextOf(['joined', 'redirect', 'error', 'server_closing']);
    if (message.type === 'joined') return { client, url, joined: message as Joined };
    if (message.type !== 'redirect' || step > 0) throw new Error(JSON.stringify(message));
    client.socket.terminate();
    url = message.url;
  }
}

/** The same, as often as it takes. */
async function enterInTheEnd(t: Test, urls: readonly string[], room: string, name: string, credentials: object = {}) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await enter(t, urls[attempt % urls.length]!, room, name, credentials);
    } catch (thrown) {
      if (attempt > 100) throw thrown;
      await sleep(100);
    }
  }
}

/** The same, if the answer is one that stays. */
async function enterInTime(...args: Parameters<typeof enter>) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await enter(...args);
    } catch (thrown) {
      if (attempt > 100 || /password|kicked/.test((thrown as Error).message)) throw thrown;
      await sleep(100);
    }
  }
}

async function healthOf({ url }: ClusterNode) {
  const response = await fetch(`${url}healthz`);
  return {
    status: response.status,
    body: (await response.json()) as { readonly problems: { readonly code: string }[] },
  };
}

test('three servers with redis-server', { skip: skipIfMissing(missingPackages(['redis-server'])) }, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const hook = await startWebhookReceiver(WEBHOOK_SECRET);
  t.teardown(() => hook.close());
  const nodes = await startNodes(
    t,
    redis,
    ['n1', 'n2', 'n3'],
    [
      ...['--admin-token', ADMIN_TOKEN, '--token-secret', TOKEN_SECRET],
      ...['--room-list', 'all', '--webhook-urls', hook.url, '--webhook-secret', WEBHOOK_SECRET],
    ],
  );
  const apis = nodes.map(({ url }) => new ApiClient(url.slice(0, -1), ADMIN_TOKEN));
  const urls = nodes.map(({ webSocket }) => webSocket);
  const nodeAt = (url: string) => nodes.find(({ webSocket }) => webSocket === url)!;
  /** Of a metric of all nodes. Figures are up to a second old. */
  const sumOf = async (name: string) => {
    const metrics = await Promise.all(nodes.map((node) => node.metrics()));
    return metrics.reduce((all, scrape) => all + scrape.sum(`partyline_cluster_${name}`), 0);
  };
  // A node that knows no others keeps all rooms.
  await eventually(async () => (await sumOf('nodes')) === 9);

  await t.test('whoever asks whom, the people of a room are at one node, and rooms are spread', async (t) => {
    const used = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const room = `room-${i}`;
      const all = await Promise.all(urls.map((url, index) => enter(t, url, room, `Person ${index}`)));
      t.equal(new Set(all.map(({ url }) => url)).size, 1, room);
      await eventually(async () => {
        const last = await enter(t, urls[i % 3]!, room, 'Last');
        return last.joined.participants.length >= 4;
      });
      used.add(all[0]!.url);
    }
    t.ok(used.size >= 2, `${used.size} nodes have rooms`);
    await eventually(async () => (await sumOf('engine_up')) === 3 && (await sumOf('rooms_owned')) === 12);
  });

  await t.test('a client that cannot be led elsewhere is carried there', async (t) => {
    const { client: there, url } = await enter(t, urls[0]!, 'hall', 'Ada');
    const other = urls.find((one) => one !== url)!;
    const client = await open(t, other);
    client.send({ type: 'join', room: 'hall', name: 'Old' });
    const joined = await client.next('joined');
    t.match(joined.participants, [{ name: 'Ada' }, { name: 'Old' }]);
    t.match(await there.skipTo('participant_joined'), { participant: { name: 'Old' } });
    client.send({ type: 'mute', muted: true });
    t.match(await there.skipTo('participant_updated'), { participant: { name: 'Old', muted: true } });
    await eventually(async () => (await sumOf('passed_clients')) === 1);
    const led = await open(t, other);
    led.send({ type: 'join', room: 'hall', name: 'Led', redirects: true });
    t.same(await led.nextOf(['redirect']), { type: 'redirect', url });
    client.socket.close(1000);
    await there.skipTo('participant_left');
    await eventually(async () => (await sumOf('passed_clients')) === 0);
  });

  await t.test('any server answers the API for all', async (t) => {
    const api = (index: number) => apis[index]!;
    const { url, joined, client } = await enter(t, urls[0]!, 'council', 'Ada');
    const owner = nodes.indexOf(nodeAt(url));
    const [other, third] = nodes.flatMap((_, index) => (index === owner ? [] : [index])) as [number, number];
    t.same(
      (await api(other).get('/cluster')).body.nodes.map(({ node, self }: Listed) => [node, self]),
      [
        ['n1', other === 0],
        ['n2', other === 1],
        ['n3', other === 2],
      ],
    );
    const lists = await Promise.all(apis.map((one) => one.get('/rooms')));
    for (const { body } of lists) {
      t.same(body.rooms, lists[0]!.body.rooms, 'the same from each');
      t.notOk('incomplete' in body);
    }
    t.match(
      lists[0]!.body.rooms.filter(({ name }: Listed) => name === 'council'),
      [{ node: nodes[owner]!.name, participants: 1 }],
    );
    t.ok(new Set(lists[0]!.body.rooms.map(({ node }: Listed) => node)).size >= 2);
    const pages = await Promise.all([0, 5].map((offset) => api(third).get(`/rooms?limit=5&offset=${offset}`)));
    t.same(
      pages.flatMap(({ body }) => body.rooms),
      lists[0]!.body.rooms.slice(0, 10),
    );

    t.match(await api(other).post('/rooms', { name: 'Council' }), { status: 409, body: { code: 'room_exists' } });
    t.match(await api(other).patch('/rooms/council', { locked: true }), { status: 200, body: { locked: true } });
    t.match(await api(third).get('/rooms/COUNCIL'), { body: { locked: true, participants: 1 } });
    const person = `/rooms/council/participants/${joined.participantId}`;
    t.match((await api(other).post(`${person}/mute`)).body, { name: 'Ada', mutedByModerator: true });
    t.match(await api(other).post(`${person}/capture`, { seconds: 1 }), {
      status: 421,
      body: { code: 'room_elsewhere' },
    });
    t.match(await api(other).get('/rooms/nowhere'), { status: 404, body: { code: 'unknown_room' } });
    t.match(await api(third).post(`${person}/kick`, { banSeconds: 0 }), { status: 200, body: { banned: false } });
    t.match(await client.nextOf(['error']), { code: 'kicked' });
    // `fetch` repeats what is answered with 421.
    const { entries } = (await api(other).get('/audit')).body;
    const results = entries.map(({ operation, result }: Record<string, string>) => `${operation} ${result}`);
    t.same(
      [...new Set(results)].slice(0, 4),
      ['captureParticipant room_elsewhere', 'muteParticipant done', 'changeRoom done', 'createRoom room_exists'],
      'the server that was asked remembers it',
    );

    // A new one is opened where there is place, whoever is asked.
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) => api(other).post('/rooms', { name: `made-${i}` })),
    );
    for (const { status } of made) t.equal(status, 201);
    const all = (await api(third).get('/rooms')).body.rooms.filter(({ name }: Listed) => /^made-/.test(name));
    t.equal(all.length, 8);
    t.ok(new Set(all.map(({ node }: Listed) => node)).size >= 2, 'they are spread');
    await eventually(async () => {
      const lists = await Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}room-list`)).json()));
      return lists.every((list) => {
        const names = (list as Listed[]).map(({ name }) => name);
        return names.filter((name) => /^made-/.test(name)).length === 8;
      });
    });
    for (let i = 0; i < 8; i++) t.equal((await api(i % 3).delete(`/rooms/made-${i}`)).status, 204);

    await eventually(async () => {
      const all = await (await fetch(`${nodes[third]!.url}metrics?cluster=1`)).text();
      return nodes.every(({ name }) => all.includes(`\npartyline_cluster_nodes{node="${name}"} 3\n`));
    });

    // Each is drained by another one, takes no rooms meanwhile, and takes rooms again.
    t.match(await api(other).post('/cluster/nodes/nobody/drain', {}), { status: 404 });
    const drained = nodes[third]!.name;
    const drain = `/cluster/nodes/${drained}/drain`;
    t.match(await api(other).post(drain, {}), { status: 200, body: { deadline: null } });
    const sayWhether = (draining: boolean) =>
      eventually(async () => {
        const lists = await Promise.all(apis.map((one) => one.get('/cluster')));
        return lists.every(({ body }) =>
          body.nodes.some(
            (one: Listed & { readonly draining: boolean }) => one.node === drained && one.draining === draining,
          ),
        );
      });
    await sayWhether(true);
    const meanwhile = await api(other).post('/rooms', { name: 'Meanwhile' });
    t.equal(meanwhile.status, 201);
    t.not((await enterInTheEnd(t, urls, 'meanwhile', 'Ada')).url, urls[third]);
    t.equal((await api(owner).delete(drain)).status, 204);
    // Where a server has not heard it yet, it would expect rooms elsewhere when the engine is away.
    await sayWhether(false);
    t.equal((await api(third).delete('/rooms/meanwhile')).status, 204);
  });

  await t.test('while the engine is away, rooms and joins go on, and the health is good', async (t) => {
    const hall = await enter(t, urls[0]!, 'hall', 'Ben');
    await apis[0]!.post('/rooms', { name: 'Den', password: 'open sesame' });
    await apis[1]!.post('/bans', { identity: 'eve' });
    await redis.kill();
    await eventually(async () =>
      (await Promise.all(nodes.map(healthOf))).every(
        ({ status, body }) => status === 200 && body.problems.some(({ code }) => code === 'engine_unreachable'),
      ),
    );
    t.equal((await enter(t, hall.url, 'hall', 'Cy')).url, hall.url, 'at the node that has the room');
    for (const api of apis) t.match(await api.get('/rooms/hall'), { status: 200, body: { name: 'hall' } });
    const fresh = await Promise.all(urls.map((url) => enterInTheEnd(t, [url], 'opened meanwhile', 'Dee')));
    t.equal(new Set(fresh.map(({ url }) => url)).size, 1, 'all nodes agree about a new room');
    await redis.restart();
    await eventually(async () =>
      (await Promise.all(nodes.map(healthOf))).every(({ body }) => body.problems.length === 0),
    );
    // They say again what they have.
    for (const api of apis)
      for (const room of ['hall', 'opened%20meanwhile'])
        await eventually(async () => (await api.get(`/rooms/${room}`)).status === 200);
    for (const url of urls) {
      t.equal((await enterInTheEnd(t, [url], 'hall', 'Eve')).url, hall.url);
      t.equal((await enterInTheEnd(t, [url], 'opened meanwhile', 'Fay')).url, fresh[0]!.url);
    }
    t.equal(hall.client.socket.readyState, 1, 'nobody had to move');
  });

  await t.test('a permanent room and bans are those of all, although the engine had lost them', async (t) => {
    const { token } = (await apis[2]!.post('/tokens', { room: 'den', identity: 'eve' })).body;
    for (const url of urls) {
      await t.rejects(enterInTime(t, url, 'den', 'Ada', { password: 'wrong' }), /wrong_password/);
      await t.rejects(enterInTime(t, url, 'den', 'Eve', { token }), /kicked/);
    }
    const den = await enterInTheEnd(t, urls, 'den', 'Ada', { password: 'open sesame' });
    t.equal((await enterInTheEnd(t, urls.toReversed(), 'den', 'Ben', { password: 'open sesame' })).url, den.url);
  });

  await t.test('a node that stands still loses its rooms, and its people when it goes on', async (t) => {
    const stage = await enter(t, urls[0]!, 'stage', 'Ada');
    const frozen = nodeAt(stage.url);
    const others = urls.filter((url) => url !== stage.url);
    process.kill(frozen.pid, 'SIGSTOP');
    const moved = await enterInTheEnd(t, others, 'stage', 'Ben');
    t.not(moved.url, stage.url);
    process.kill(frozen.pid, 'SIGCONT');
    await stage.client.nextOf(['server_closing']);
    const back = await enterInTheEnd(t, [stage.url], 'stage', 'Ada');
    t.equal(back.url, moved.url, 'where the room is now');
    t.equal(moved.client.socket.readyState, 1);
  });

  await t.test('kill -9 of a node: its rooms are elsewhere soon, and people are who they were', async (t) => {
    const { token } = (await apis[0]!.post('/tokens', { room: 'arena', identity: 'mod', mayModerate: true })).body;
    const mod = await enterInTheEnd(t, urls, 'arena', 'Mod', { token });
    const arena = await enter(t, mod.url, 'arena', 'Ada');
    const { participantId, resumeToken } = arena.joined;
    mod.client.send({ type: 'mute_participant', participantId, muted: true });
    mod.client.send({ type: 'lock', locked: true });
    const beside = ['Beside', 'Next to it', 'Farther', 'Far away'];
    for (const name of beside) await apis[0]!.post('/rooms', { name });
    await mod.client.settled();
    // That is with the others within a second.
    await sleep(2500);
    const others = urls.filter((url) => url !== arena.url);
    const beganMs = performance.now();
    await nodeAt(arena.url).kill();
    const all = await Promise.all(others.map((url) => enterInTheEnd(t, [url], 'arena', 'Ada', { resumeToken })));
    t.comment(`after ${Math.round(performance.now() - beganMs)} ms`);
    t.equal(new Set(all.map(({ url }) => url)).size, 1);
    t.not(all[0]!.url, arena.url);
    for (const { joined } of all) {
      t.equal(joined.participantId, participantId);
      t.match(joined.participants, [{ id: participantId, name: 'Ada', mutedByModerator: true }]);
      t.equal(joined.locked, true);
    }
    const told = () => hook.received.filter(({ event }) => event.type === 'node.failed');
    const dead = nodeAt(arena.url).name;
    await eventually(() => told().some(({ event }) => event.data.failed === dead));
    const starts = () =>
      hook.received.filter(({ event: { type, data } }) => type === 'room.started' && data.room.name === 'arena');
    await eventually(() => starts().length === 2);
    const [before, after] = starts().map(({ event }) => event);
    t.same([before.node, after.node], [dead, nodeAt(all[0]!.url).name]);
    t.ok(after.epoch > before.epoch, 'a receiver knows which is newer');
    const left = nodes.filter(({ webSocket }) => webSocket !== arena.url);
    await eventually(async () => {
      const lists = await Promise.all(left.map((node) => apis[nodes.indexOf(node)]!.get('/rooms')));
      return lists.every(({ body }) => {
        const names: string[] = body.rooms.map(({ name }: Listed) => name);
        return beside.every((name) => names.filter((one) => one === name).length === 1) && !('incomplete' in body);
      });
    });
    t.equal(told().filter(({ event }) => event.data.failed === dead).length, 1, 'one of them says it');
  });

  await t.test('a node that is told to end gives its rooms away first', async (t) => {
    const left = await Promise.all(
      nodes.map(async (node) => ((await node.metrics().catch(() => undefined)) === undefined ? [] : [node])),
    );
    const alive = left.flat();
    const stays = await enterInTheEnd(t, [alive[0]!.webSocket], 'last', 'Ada');
    // Who cannot be led away is waited for.
    const old = await open(t, stays.url);
    old.send({ type: 'join', room: 'last', name: 'Old' });
    await old.nextOf(['joined']);
    const code = nodeAt(stays.url).stop();
    const led = await stays.client.nextOf(['redirect']);
    if (led.type !== 'redirect') throw new Error(led.type);
    const { participantId, resumeToken } = stays.joined;
    const moved = await enterInTheEnd(t, [led.url], 'last', 'Ada', { resumeToken });
    t.equal(moved.joined.participantId, participantId);
    await old.nextOf(['server_closing']);
    t.equal(await code, 0);
  });
});

test('a node with another secret is not believed', {
  skip: skipIfMissing(missingPackages(['redis-server'])),
}, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const [good] = await startNodes(t, redis, ['good']);
  const [stranger] = await startNodes(
    t,
    redis,
    ['stranger'],
    ['--cluster-secret', 'another secret, just as long as it is'],
  );
  for (let i = 0; i < 6; i++) t.equal((await enter(t, good!.webSocket, `room-${i}`, 'Ada')).url, good!.webSocket);
  const taken = await enter(t, stranger!.webSocket, 'mine', 'Ben');
  t.equal(taken.url, stranger!.webSocket);
});
