import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { distance32 } from '../../src/lib/serial.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { type Fault, type FaultyServer, startFaultyServer } from '../helpers/faulty-server.ts';
import { AUDIO_OFFER } from '../helpers/offer.ts';
import { FRAME_SAMPLES } from '../helpers/opus.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const TONES_HZ = { ada: 500, ben: 800 } as const;
const REPLACED_WITHIN_MS = 2000;
/** More than between two looks while nobody is there. */
const RARELY_MS = 2500;
/** Usually 20 to 40, not counting the time for which server and test wait for a CPU. */
const LONGEST_GAP_MS = 250;

async function start(t: Test, flags: readonly string[]): Promise<FaultyServer> {
  const server = await startFaultyServer(BUILT_SERVER, flags);
  t.teardown(() => server.signal('SIGKILL'));
  return server;
}

/** Measures what server and test do, without the time that they wait for others. */
function stopwatch({ pid }: FaultyServer): Stopwatch {
  return new Stopwatch([process.pid, pid]);
}

/** Two participants who talk and hear each other. */
async function talkers(t: Test, { webSocketUrl: url }: FaultyServer, room: string): Promise<WeriftParticipant[]> {
  const people = await Promise.all(['Ada', 'Ben'].map((name) => WeriftParticipant.join({ url, room, name })));
  t.teardown(() => Promise.all(people.map((person) => person.close())));
  const [ada, ben] = people as [WeriftParticipant, WeriftParticipant];
  ada.say(toneSound(TONES_HZ.ada, 0.2));
  ben.say(toneSound(TONES_HZ.ben, 0.2));
  await hearEachOther(people);
  return people;
}

/** Resolves when both hear each other from now on. Rejects if they never do. */
async function hearEachOther([ada, ben]: readonly WeriftParticipant[]): Promise<void> {
  await Promise.all([hearsOnly(ada!, TONES_HZ, ['ben']), hearsOnly(ben!, TONES_HZ, ['ada'])]);
}

function codes(answers: readonly { readonly problems: readonly { code: string }[] }[]): string[] {
  return answers.flatMap(({ problems }) => problems.map(({ code }) => code));
}

/** The longest time without a packet since a mark. */
function longestGapMs({ hearing }: WeriftParticipant, mark: number): number {
  const times = hearing.packets.slice(mark).map(({ atMs }) => atMs);
  return times.slice(1).reduce((longest, atMs, index) => Math.max(longest, atMs - times[index]!), 0);
}

/**
 * By how much the time in the timestamps exceeds the time in the packets since a mark. Throws if a packet is missing.
 */
function leftOutMs({ hearing }: WeriftParticipant, mark: number): number {
  const { packets } = hearing;
  if (hearing.breaks(mark).some((text) => text.startsWith('sequence number'))) throw new Error('a packet is missing');
  return (
    (distance32(packets.at(-1)!.timestamp, packets[mark]!.timestamp) / FRAME_SAMPLES - (packets.length - 1 - mark)) * 20
  );
}

test('the built server in trouble', async (t) => {
  // Each of these tests waits for a process of its own.
  t.jobs = 2;
  for (const faults of [
    ['hang', 'throw'],
    ['block', 'exit'],
  ] as const satisfies readonly (readonly Fault[])[]) {
    t.test(
      `workers with the faults "${faults.join('" and "')}" are replaced within two seconds, and a room in another worker does not notice`,
      { buffered: true },
      async (t) => {
        const server = await start(t, ['--workers', '2', '--levelling', 'off']);
        const elsewhere = await talkers(t, server, 'elsewhere');
        const metrics = await server.metrics();
        const other = ['0', '1'].findIndex((worker) => metrics.sum('partyline_media_connections', { worker }) === 0);
        t.ok(other >= 0, 'the room is in one worker');
        const client = await SignalingClient.open(server.webSocketUrl);
        t.teardown(() => client.socket.terminate());
        await client.join('struck', 'Cleo');
        for (const fault of faults) {
          client.send({ type: 'offer', sdp: AUDIO_OFFER });
          await client.skipTo('answer');
          const marks = elsewhere.map(({ hearing }) => hearing.mark());
          const watch = stopwatch(server);
          server.plant(other, fault);
          t.match(await client.skipTo('media_closed'), { reason: 'media_failed' });
          t.ok(watch.ownMs < REPLACED_WITHIN_MS, `${fault}: replaced after ${Math.round(watch.ms)} ms`);
          await t.resolves(hearEachOther(elsewhere), 'the others hear each other');
          elsewhere.forEach((person, index) => {
            const gapMs = longestGapMs(person, marks[index]!);
            t.ok(gapMs < LONGEST_GAP_MS + watch.waitMs, `${fault}: ${gapMs.toFixed(0)} ms without a packet elsewhere`);
            t.ok(leftOutMs(person, marks[index]!) <= watch.waitMs, 'nothing is left out that there was time for');
            t.notOk(person.messages.some(({ type }) => type === 'media_closed'));
          });
        }
        t.equal((await server.metrics()).sum('partyline_worker_restarts_total', { worker: String(other) }), 2);
        await t.resolves(eventually(async () => (await server.health()).httpStatus === 200));
      },
    );
  }

  t.test(
    'a stall of the main thread is reported by the health check and counted, and no worker is blamed for it',
    { buffered: true },
    async (t) => {
      const server = await start(t, ['--workers', '1']);
      const people = await talkers(t, server, 'lobby');
      await t.resolves(eventually(async () => (await server.health()).httpStatus === 200));
      // Until shortly after somebody comes, the server looks at itself as rarely as while nobody is there.
      await sleep(RARELY_MS);
      const marks = people.map(({ hearing }) => hearing.mark());
      const watch = stopwatch(server);
      server.plant(null, 'stall');
      // Asks before, during and right after the stall.
      const asked: Awaited<ReturnType<FaultyServer['health']>>[] = [];
      await eventually(async () => {
        asked.push(await server.health());
        return codes(asked).includes('event_loop_stalled');
      });
      t.same(
        // A worker that waits for the processor is not blamed.
        codes(asked).filter((code) => code.startsWith('worker') && code !== 'worker_starved'),
        [],
      );
      t.match(asked.at(-1), { httpStatus: 503, status: 'unhealthy' });
      const metrics = await server.metrics();
      t.equal(metrics.sum('partyline_event_loop_stalls_total'), 1);
      t.equal(metrics.sum('partyline_worker_restarts_total'), 0);
      people.forEach((person, index) => {
        const gapMs = longestGapMs(person, marks[index]!);
        t.ok(
          gapMs < LONGEST_GAP_MS + watch.waitMs,
          `the conversation continues: ${gapMs.toFixed(0)} ms without a packet`,
        );
      });
    },
  );

  for (const fault of ['throw', 'reject'] as const) {
    t.test(
      `an uncaught failure (${fault}) is announced to the participants and ends the process with 1`,
      { buffered: true },
      async (t) => {
        const server = await start(t, ['--workers', '1']);
        const client = await SignalingClient.open(server.webSocketUrl);
        await client.join('lobby', 'Ada');
        const startMs = performance.now();
        server.plant(null, fault);
        t.match(await client.skipTo('server_closing'), { retryAfterMs: 2000 });
        t.match(await client.closed, { code: 1012 });
        t.equal(await server.exitCode, 1);
        t.ok(performance.now() - startMs < 1000 + 3 * server.startMs, 'soon');
        t.match(
          server.log.find(({ level }) => level === 'fatal'),
          { err: { message: 'planted' } },
        );
      },
    );
  }

  t.test(
    'SIGTERM: participants are told, newcomers are refused, and the process ends with 0 within the grace time',
    { buffered: true },
    async (t) => {
      const server = await start(t, ['--workers', '1', '--shutdown-grace-ms', '3000']);
      const ada = await SignalingClient.open(server.webSocketUrl);
      await ada.join('lobby', 'Ada');
      ada.send({ type: 'offer', sdp: AUDIO_OFFER });
      await ada.skipTo('answer');
      const lobby = await SignalingClient.open(server.webSocketUrl);
      const deaf = await SignalingClient.open(server.webSocketUrl);
      t.teardown(() => deaf.socket.terminate());
      deaf.socket.pause();
      const startMs = performance.now();
      server.signal('SIGTERM');
      t.match(await ada.skipTo('server_closing'), { retryAfterMs: 2000 });
      await lobby.skipTo('server_closing');
      t.match(await lobby.closed, { code: 1012 });
      t.match(await server.health(), { httpStatus: 503, status: 'closing' });
      await t.rejects(SignalingClient.open(server.webSocketUrl), { message: /503/ });
      t.equal(await server.exitCode, 0);
      const tookMs = performance.now() - startMs;
      t.ok(tookMs < 2000 + 3 * server.startMs, `${Math.round(tookMs)} ms, with a client that does not answer`);
    },
  );

  t.test(
    'a worker that hangs does not delay the shutdown, and a second signal ends the process at once',
    { buffered: true },
    async (t) => {
      const first = await start(t, ['--workers', '1', '--shutdown-grace-ms', '5000']);
      first.plant(0, 'hang');
      first.signal('SIGTERM');
      t.equal(await first.exitCode, 0);
      const second = await start(t, ['--workers', '1', '--shutdown-grace-ms', '60000']);
      const deaf = await SignalingClient.open(second.webSocketUrl);
      t.teardown(() => deaf.socket.terminate());
      deaf.socket.pause();
      second.signal('SIGTERM');
      await second.logged('closing');
      const startMs = performance.now();
      second.signal('SIGTERM');
      t.equal(await second.exitCode, 1);
      t.ok(performance.now() - startMs < 3 * second.startMs);
    },
  );
});
