/** Two participants talk all the time, and one or the other loses a connection: what the others hear and see of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { LossyRelay } from '../helpers/lossy-relay.ts';
import { createPrng } from '../helpers/prng.ts';
import { RoamingTalker } from '../helpers/roaming-talker.ts';
import { startServer } from '../helpers/running-server.ts';
import { TcpProxy } from '../helpers/tcp-proxy.ts';

const RELAY_ADDRESS = '127.0.0.2';
const SERVER_ADDRESS = '127.0.0.1';
/** A gap that nobody would notice. */
const NO_GAP_MS = 400;
/** A browser sends a consent check at least every 2.5 s, as these participants do. */
const CONSENT_MS = 2500;
/** Only a limit for what does not happen at all. */
const PATIENCE_MS = 60_000;
const certificate = createCertificate();
/** These tests wait most of the time. */
t.jobs = 6;

async function setUp(t: Test, flags: readonly string[] = []) {
  const relay = await LossyRelay.open({
    address: RELAY_ADDRESS,
    serverAddress: SERVER_ADDRESS,
    prng: createPrng(1),
  });
  t.teardown(() => relay.close());
  const server = await startServer([
    ...['--media-host', SERVER_ADDRESS, '--media-port', String(relay.port), '--announce', RELAY_ADDRESS],
    ...['--levelling', 'off', ...flags],
  ]);
  t.teardown(() => server.close());
  const proxy = await TcpProxy.open(Number(new URL(server.url).port));
  t.teardown(() => proxy.close());
  const join = async (name: string, frequencyHz: number, url = server.webSocketUrl) => {
    const talker = await RoamingTalker.join({ url, room: 'lobby', name, frequencyHz, certificate: await certificate });
    t.teardown(() => talker.close());
    return talker;
  };
  const ada = await join('Ada', 500, `ws://127.0.0.1:${proxy.port}/ws`);
  const ben = await join('Ben', 820);
  await sleep(800);
  ada.mark();
  ben.mark();
  return { relay, proxy, server, ada, ben };
}

t.test('nobody hears that a WebSocket breaks, and it is resumed without an offer', { buffered: true }, async (t) => {
  const { ada, ben, proxy } = await setUp(t);
  const { participantId } = ada.joined;
  ben.messages.length = 0;
  proxy.cut();
  await sleep(1000);
  proxy.mend();
  const joined = await ada.connect();
  t.match(joined, { participantId, mediaResumed: true });
  t.match(
    joined.participants.find(({ id }) => id === participantId),
    { connected: true },
  );
  await sleep(500);
  t.ok(ada.longestGapMs < NO_GAP_MS, `Ada heard nothing for ${ada.longestGapMs.toFixed(0)} ms`);
  t.ok(ben.longestGapMs < NO_GAP_MS, `Ben heard nothing for ${ben.longestGapMs.toFixed(0)} ms`);
  t.same(
    ben.messages.filter(({ type }) => type !== 'levels'),
    [],
    'Ben sees nothing of it',
  );
});

t.test(
  'a talker whose NAT rebinds is heard without a pause, and hears again after the next consent check',
  { buffered: true },
  async (t) => {
    const { ada, ben, relay } = await setUp(t);
    relay.rebind(0);
    await sleep(CONSENT_MS + 500);
    t.ok(ben.longestGapMs < NO_GAP_MS, `Ben heard nothing for ${ben.longestGapMs.toFixed(0)} ms`);
    t.ok(ada.longestGapMs < CONSENT_MS + NO_GAP_MS, `Ada heard nothing for ${ada.longestGapMs.toFixed(0)} ms`);
    ada.mark();
    await sleep(500);
    t.ok(ada.longestGapMs < NO_GAP_MS, `then ${ada.longestGapMs.toFixed(0)} ms`);
  },
);

t.test(
  'a client that restarts ICE when it is told that it has moved hardly notices that its NAT rebinds',
  { buffered: true },
  async (t) => {
    const { ada, ben, relay } = await setUp(t);
    ada.restartsWhenMoved = true;
    for (let time = 0; time < 2; time++) {
      relay.rebind(0);
      await sleep(1000);
    }
    t.ok(ben.longestGapMs < NO_GAP_MS, `Ben heard nothing for ${ben.longestGapMs.toFixed(0)} ms`);
    t.match(
      ada.messages.filter(({ type }) => type === 'media_moved'),
      [{}],
      'it is not told repeatedly',
    );
    await sleep(1500);
    ada.mark();
    await sleep(300);
    t.ok(ada.longestGapMs < NO_GAP_MS);
  },
);

t.test(
  'an ICE restart after the NAT has rebound restores both directions at once, with the same keys',
  { buffered: true },
  async (t) => {
    const { ada, ben, relay } = await setUp(t);
    relay.rebind();
    const beganMs = performance.now();
    await Promise.all([ada.restartIce(), ben.restartIce()]);
    t.comment(`restarted in ${(performance.now() - beganMs).toFixed(0)} ms`);
    await sleep(700);
    for (const { longestGapMs } of [ada, ben]) t.ok(longestGapMs < 600, `nothing for ${longestGapMs.toFixed(0)} ms`);
    for (let time = 0; time < 3; time++) await ada.restartIce();
    ben.mark();
    await sleep(500);
    t.ok(ben.longestGapMs < NO_GAP_MS, 'unnecessary restarts are not heard');
    t.notOk(ada.messages.some(({ type }) => type === 'media_closed' || type === 'error'));
  },
);

t.test(
  'a participant who is silent on both paths is off the list within ten seconds',
  { buffered: true },
  async (t) => {
    const { ada, ben } = await setUp(t);
    const left = ben.next('participant_left', PATIENCE_MS);
    ada.vanish();
    const watch = new Stopwatch();
    t.match(await left, { participantId: ada.joined.participantId, reason: 'connection_lost' });
    const { ms, ownMs } = watch;
    t.ok(ms > 5000 && ownMs < 10_000, `after ${(ms / 1000).toFixed(1)} s`);
  },
);

t.test(
  'a stalled WebSocket removes nobody whose media works, and blocked UDP nobody whose WebSocket works',
  { buffered: true },
  async (t) => {
    const { ada, ben, proxy, relay } = await setUp(t);
    proxy.stall();
    await sleep(9500);
    t.notOk(
      ben.messages.some(({ type }) => type === 'participant_left'),
      'Ada is in the list',
    );
    t.ok(ben.longestGapMs < NO_GAP_MS, `and heard (${ben.longestGapMs.toFixed(0)} ms)`);
    proxy.mend();
    t.match(await ada.connect(), { mediaResumed: true });
    relay.loss = 1;
    /** Other changes, such as how good the connection is, may be told before. */
    const seesConnected = async (connected: boolean): Promise<void> => {
      let isConnected: boolean;
      do isConnected = (await ben.next('participant_updated', PATIENCE_MS)).participant.connected;
      while (isConnected !== connected);
    };
    await seesConnected(false);
    t.notOk(ben.messages.some(({ type }) => type === 'participant_left'));
    relay.loss = 0;
    await seesConnected(true);
  },
);
