import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { startNodes } from '../helpers/cluster-nodes.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { startRedis } from '../helpers/redis.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const ADMIN_TOKEN = 'an-admin-token-of-32-characters.';
const ROOM = 'hall';

test('one room over three servers', { skip: skipIfMissing(missingPackages(['redis-server'])) }, async (t: Test) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const nodes = await startNodes(
    t,
    redis,
    ['n1', 'n2', 'n3'],
    ['--admin-token', ADMIN_TOKEN, '--cluster-span-percent', '1'],
  );
  await eventually(async () => {
    const metrics = await Promise.all(nodes.map((node) => node.metrics()));
    return metrics.reduce((all, scrape) => all + scrape.sum('partyline_cluster_nodes'), 0) === 9;
  });
  const enter = async (url: string) => {
    const client = await SignalingClient.open(url);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room: ROOM, name: 'Watcher', redirects: true });
    return { client, answer: await client.nextOf(['joined', 'redirect']) };
  };
  const asked = await enter(nodes[0]!.webSocket);
  const homeUrl = asked.answer.type === 'redirect' ? asked.answer.url : nodes[0]!.webSocket;
  const { client: watcher } = asked.answer.type === 'redirect' ? await enter(homeUrl) : asked;
  const home = nodes.find(({ webSocket }) => webSocket === homeUrl)!;
  const talkers: LightTalker[] = [];
  t.teardown(() => talkers.map((talker) => talker.close()));
  const api = new ApiClient(home.url.slice(0, -1), ADMIN_TOKEN);
  t.equal((await api.patch(`/rooms/${ROOM}`, { whispers: false })).status, 200);
  // People come until each server has some of them. Each sends a tone of its own.
  const byPort = new Map<
    number,
    { readonly talker: LightTalker; readonly name: string; readonly frequencyHz: number }
  >();
  for (let n = 0; byPort.size < nodes.length && n < 30; n++) {
    const [name, frequencyHz] = [`Talker ${n}`, 900 + 160 * n];
    const talker = await LightTalker.join({ url: home.webSocket, room: ROOM, name, frequencyHz });
    if (byPort.has(talker.serverPort)) talker.close();
    else byPort.set(talker.serverPort, { talker, name, frequencyHz });
    talkers.push(talker);
  }
  const all = [...byPort.values()];
  t.equal(all.length, nodes.length, 'each server has somebody');

  await t.test('everybody hears the others and not themselves', async (t) => {
    for (const { talker } of all)
      for (const other of all) if (other.talker !== talker) await talker.hears(other.frequencyHz);
    for (const { talker, frequencyHz } of all) {
      const own = await talker.hearDbfs(frequencyHz);
      t.ok(own < -50, `${frequencyHz} Hz hears itself at ${own.toFixed(1)} dBFS`);
    }
  });

  await t.test('who speaks is shown, wherever they are', async () => {
    const { participants } = (await api.get(`/rooms/${ROOM}/participants`)).body as {
      participants: { id: string; name: string }[];
    };
    for (const { name } of all) {
      const id = participants.find((one) => one.name === name)!.id;
      await eventually(async () => {
        const levels = (await watcher.nextOf(['levels'])) as unknown as { speaking: [string, number][] };
        return levels.speaking.some(([speaker]) => speaker === id);
      });
    }
  });

  await t.test('a mute and a kick reach those at other servers', async (t) => {
    const { participants } = (await api.get(`/rooms/${ROOM}/participants`)).body as {
      participants: { id: string; name: string }[];
    };
    const idOf = (name: string) => participants.find((one) => one.name === name)!.id;
    const [first, second, third] = all;
    await api.post(`/rooms/${ROOM}/participants/${idOf(second!.name)}/mute`);
    await eventually(async () => (await first!.talker.hearDbfs(second!.frequencyHz, 400)) < -50);
    await first!.talker.hears(third!.frequencyHz);
    await api.post(`/rooms/${ROOM}/participants/${idOf(third!.name)}/kick`);
    await eventually(async () => (await first!.talker.hearDbfs(third!.frequencyHz, 400)) < -50);
    t.pass('both are not heard any more');
  });
});
