import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { enterOwnNamespace, Namespace } from '../helpers/network-namespace.ts';
import { AUDIO_OFFER } from '../helpers/offer.ts';
import { ownProblems } from '../helpers/own-problems.ts';
import { startServer } from '../helpers/running-server.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const missing = enterOwnNamespace({ packages: [], setUp: ['ip link set lo up'] });
const skip = skipIfMissing(missing);
/** The server itself looks for other addresses every three seconds. */
const LOOK_MS = 100;
const PATIENCE_MS = 60_000;
/** These tests wait most of the time. */
t.jobs = 4;

/**
 * This machine is in two networks. The server is at the other ends, `left` and `right`, where it has no addresses yet.
 * The networks of each site are 10.SITE.1.0/24 with fd0SITE::/64, and 10.SITE.2.0/24.
 */
function plugIn(t: Test, server: Namespace, site: number): void {
  for (const [own, other, address] of [
    [`left-${site}`, 'left', `10.${site}.1.100/24`],
    [`right-${site}`, 'right', `10.${site}.2.100/24`],
  ] as const) {
    ip(`link add ${own} type veth peer name ${other}`, `addr add ${address} dev ${own}`, `link set ${own} up`);
    t.teardown(() => ip(`link del ${own}`));
    server.take(other);
    server.run(`ip link set ${other} up`);
  }
  ip(`addr add fd0${site}::100/64 dev left-${site} nodad`);
}

function ip(...commands: readonly string[]): void {
  for (const command of commands) execFileSync('ip', command.split(' '), { stdio: 'inherit' });
}

interface Health {
  readonly status: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly candidates: readonly string[];
}

/** A server on a machine that has only loopback, at this site. */
async function startBeforeDhcp(t: Test, site: number) {
  const machine = await Namespace.create();
  t.teardown(() => machine.close());
  plugIn(t, machine, site);
  const always = ['--host', '0.0.0.0', '--workers', '1', '--levelling', 'off'];
  const server = await startServerProcess(BUILT_SERVER, always, machine.enter);
  t.teardown(() => server.stop());
  const { port } = new URL(server.url);
  const health = async (address: string) => (await (await fetch(`http://${address}:${port}/healthz`)).json()) as Health;
  /** Resolves when browsers are told exactly these addresses over UDP. */
  const isTold = (address: string, expected: readonly string[]) =>
    eventually(
      async () => {
        const told = await health(address).catch(() => undefined);
        const udp = told?.candidates.flatMap((text) => /^udp (.*):\d+$/.exec(text)?.[1] ?? []) ?? [];
        return udp.join() === expected.join() || `told ${udp}, expected ${expected}`;
      },
      PATIENCE_MS,
      LOOK_MS,
    );
  const join = async (address: string, name: string, frequencyHz: number) => {
    const talker = await LightTalker.join({ url: `ws://${address}:${port}/ws`, room: address, name, frequencyHz });
    t.teardown(() => talker.close());
    return talker;
  };
  return { machine, server, port, health, isTold, join };
}

async function hearEachOther(t: Test, one: LightTalker, oneHz: number, other: LightTalker, otherHz: number) {
  await t.resolves(Promise.all([one.hears(otherHz), other.hears(oneHz)]), 'they hear each other');
}

t.test(
  'a server that started before DHCP is heard at each address that it gets, and participants at other addresses lose nothing',
  { skip, buffered: true },
  async (t) => {
    const { machine, server, isTold, join, health } = await startBeforeDhcp(t, 1);
    machine.run('ip addr add 10.1.1.1/24 dev left');
    await isTold('10.1.1.1', ['10.1.1.1']);
    t.strictSame(ownProblems((await health('10.1.1.1')).problems), []);
    const [ada, ben] = [await join('10.1.1.1', 'Ada', 430), await join('10.1.1.1', 'Ben', 710)];
    await hearEachOther(t, ada, 430, ben, 710);

    machine.run('ip addr add 10.1.2.1/24 dev right');
    await isTold('10.1.2.1', ['10.1.1.1', '10.1.2.1']);
    machine.run('ip addr del 10.1.1.1/24 dev left');
    await isTold('10.1.2.1', ['10.1.2.1']);
    const [cleo, dora] = [await join('10.1.2.1', 'Cleo', 430), await join('10.1.2.1', 'Dora', 710)];
    await hearEachOther(t, cleo, 430, dora, 710);
    const heard = [cleo, dora];
    for (const talker of heard) talker.takeReport();

    // Another lease, and an address of the other family, which can be bound only after duplicate address detection.
    machine.run('ip addr add 10.1.1.9/24 dev left', 'ip -6 addr add fd01::9/64 dev left');
    await isTold('10.1.2.1', ['10.1.1.9', '[fd01::9]', '10.1.2.1']);
    const [eve, finn] = [await join('10.1.1.9', 'Eve', 430), await join('10.1.1.9', 'Finn', 710)];
    await hearEachOther(t, eve, 430, finn, 710);
    machine.run('ip addr del 10.1.1.9/24 dev left', 'ip -6 addr del fd01::9/64 dev left');
    await isTold('10.1.2.1', ['10.1.2.1']);
    for (const talker of heard) {
      const { lost, outOfOrder, packets } = talker.takeReport();
      t.match({ lost, outOfOrder }, { lost: 0, outOfOrder: 0 }, `of ${packets} packets`);
      t.ok(packets > 100, `${packets}`);
    }
    await hearEachOther(t, cleo, 430, dora, 710);
    t.notMatch(server.output(), /"level":"(error|fatal)"/);
  },
);

t.test(
  'an address that disappears for a moment comes back, and so does the conversation over it',
  { skip, buffered: true },
  async (t) => {
    const { machine, isTold, join } = await startBeforeDhcp(t, 2);
    machine.run('ip addr add 10.2.1.1/24 dev left', 'ip addr add 10.2.2.1/24 dev right');
    await isTold('10.2.2.1', ['10.2.1.1', '10.2.2.1']);
    const [ada, ben] = [await join('10.2.1.1', 'Ada', 430), await join('10.2.1.1', 'Ben', 710)];
    await hearEachOther(t, ada, 430, ben, 710);
    machine.run('ip addr del 10.2.1.1/24 dev left');
    await isTold('10.2.2.1', ['10.2.2.1']);
    machine.run('ip addr add 10.2.1.1/24 dev left');
    await isTold('10.2.2.1', ['10.2.1.1', '10.2.2.1']);
    await hearEachOther(t, ada, 430, ben, 710);
  },
);

t.test(
  'until there is an address, /healthz and check say so; after that, nobody is sent to their own loopback',
  { skip, buffered: true },
  async (t) => {
    const { machine, server, port, isTold } = await startBeforeDhcp(t, 3);
    const [enter, ...args] = machine.enter;
    const inside = async (...command: string[]) =>
      (await promisify(execFile)(enter!, [...args, process.execPath, ...command], { env: {} })).stdout;
    const ask = `fetch('http://127.0.0.1:${port}/healthz').then((answer) => answer.text()).then(console.log)`;
    const { status, problems } = JSON.parse(await inside('-e', ask));
    t.equal(status, 'ok');
    t.match(ownProblems(problems), [{ code: 'media_loopback_only' }]);
    const checked = await inside(`${BUILT_SERVER}/main.js`, 'check', '--host', '0.0.0.0', '--port', port);
    t.match(checked, /^warn +addresses for media: This machine has only loopback addresses now/m);
    t.match(checked, /^ok +running server: Media is received at udp 127\.0\.0\.1:\d+/m);
    t.match(checked, /^warn +running server: This machine has only loopback addresses/m);

    machine.run('ip addr add 10.3.1.1/24 dev left');
    await isTold('10.3.1.1', ['10.3.1.1']);
    t.match(server.output(), /media addresses changed/);
    const remote = await SignalingClient.open(`ws://10.3.1.1:${port}/ws`);
    t.teardown(() => remote.socket.terminate());
    await remote.join('lobby', 'Ada');
    remote.send({ type: 'offer', sdp: AUDIO_OFFER });
    const { sdp } = await remote.next('answer');
    t.match(sdp, / 10\.3\.1\.1 \d+ typ host/);
    t.notMatch(sdp, /^a=candidate.* (127\.|::1 )/m);
  },
);

t.test(
  'people who come through a proxy on the same machine are told no loopback address, whether it is trusted or not',
  { skip, buffered: true },
  async (t) => {
    const addresses = '127.0.0.1,::1,10.4.1.100';
    ip('addr add 10.4.1.100/24 dev lo');
    const candidatesFor = async (flags: readonly string[], headers: Record<string, string>) => {
      const server = await startServer(['--media-host', addresses, ...flags], { logLevel: 'error' });
      t.teardown(() => server.close());
      const client = await SignalingClient.open(server.webSocketUrl, headers);
      t.teardown(() => client.socket.terminate());
      await client.join('lobby', 'Ada');
      client.send({ type: 'offer', sdp: AUDIO_OFFER });
      const { sdp } = await client.next('answer');
      return [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) /gm)].map(([, address]) => address);
    };
    const trusted = ['--trust-proxy', '127.0.0.1'];
    t.strictSame(await candidatesFor(trusted, { 'X-Forwarded-For': '203.0.113.9' }), ['10.4.1.100']);
    t.strictSame(await candidatesFor([], { 'X-Forwarded-For': '203.0.113.9' }), ['10.4.1.100']);
    t.strictSame(await candidatesFor([], { 'X-Real-IP': '203.0.113.9' }), ['10.4.1.100']);
    const all = ['127.0.0.1', '::1', '10.4.1.100'];
    t.strictSame(await candidatesFor(trusted, { 'X-Forwarded-For': '127.0.0.1' }), all, 'a browser on this machine');
    t.strictSame(await candidatesFor([], {}), all);
  },
);
