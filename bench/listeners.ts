import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, writeResult } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { LISTENERS_COLUMNS, type ListenersResult, type ListenersRow } from './lib/listeners-result.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase, type PhaseOptions } from './lib/measured-phase.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

/** More connections in one go would fill the queue of the listening socket. */
const OPENED_TOGETHER = 50;
const SETTLE_MS = 2000;
const PEOPLE = 10;
const TALKERS = 2;

const options = {
  listeners: { kind: 'numbers', default: [0, 100, 1000], min: 0, max: 20_000, description: 'over HTTP' },
  slow: {
    kind: 'number',
    default: 200,
    min: 0,
    max: 20_000,
    description: 'more listeners in the end, who read nothing',
  },
  format: { kind: 'choice', choices: ['opus', 'webm'], description: 'of the stream; opus by default' },
  seconds: { kind: 'number', default: 20, min: 1, max: 600, description: 'length of each window' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'listeners',
  about: [
    `What listeners over HTTP cost while ${PEOPLE} people are in the room and ${TALKERS} of them talk: CPU time of the whole server,`,
    'and whether the people in the room notice. In the end some listeners read nothing.',
  ].join('\n'),
  options,
  run,
});

async function run({ listeners, slow, format = 'opus', seconds, json }: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const most = Math.max(...listeners) + slow;
  const limits = ['--max-live-listeners', '--max-connections'].flatMap((flag) => [flag, String(most + 100)]);
  const [start] = serversOf({ flags: ['--live', 'on', ...limits], workers: [1] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: TALKERS, dtx: 'as-asked' });
  const server = await start!();
  const sockets: Socket[] = [];
  try {
    const room: PhaseOptions = { server, driver, settled: PEOPLE };
    await fillRoom(room, TALKERS);
    const heard = { bytes: 0 };
    const open = (count: number, reads: boolean) =>
      openListeners(server.webSocketUrl, format, count - sockets.length, (socket) => {
        sockets.push(socket);
        if (reads) socket.on('data', ({ length }) => (heard.bytes += length));
        else socket.pause();
      });
    const measure = async (title: string, reading: number): Promise<ListenersRow> => {
      await sleep(SETTLE_MS);
      showProgress(`measuring with ${title}`);
      heard.bytes = 0;
      const { figures, after } = await measurePhase(room, () => sleep(seconds * 1000));
      return {
        listeners: title,
        cpuPercent: figures.serverCpuPercent,
        kilobitsPerSecond: reading === 0 ? 0 : (heard.bytes * 8) / 1000 / figures.seconds / reading,
        latenessP99Ms: figures.tickLatenessP99Ms,
        packetsPerSecondMin: figures.packetsPerSecondMin,
        residentMegabytes: after.sum('process_resident_memory_bytes') / 1e6,
      };
    };
    const rows: ListenersRow[] = [];
    for (const count of listeners.toSorted((a, b) => a - b)) {
      await open(count, true);
      rows.push(await measure(String(count), count));
    }
    const reading = sockets.length;
    if (slow > 0) {
      await open(reading + slow, false);
      rows.push(await measure(`${reading}, and ${slow} who read nothing`, reading));
    }
    clearProgress();
    console.log(formatTable(LISTENERS_COLUMNS, rows));
    const result: ListenersResult = { benchmark: 'listeners', machine, format, seconds, rows };
    await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await driver.ask({ type: 'leave' });
    driver.close();
    await server.close();
  }
}

/** Calls `opened` with each connection when its first bytes have come. Rejects if the server refuses one. */
async function openListeners(
  webSocketUrl: string,
  format: string,
  count: number,
  opened: (socket: Socket) => void,
): Promise<void> {
  const { hostname, port, host } = new URL(webSocketUrl);
  for (let left = count; left > 0; left -= OPENED_TOGETHER) {
    await Promise.all(
      Array.from({ length: Math.min(left, OPENED_TOGETHER) }, async () => {
        const socket = connect(Number(port), hostname);
        socket.write(`GET /live/${ROOM}.${format} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        const first = await new Promise<Buffer>((resolve, reject) => {
          socket
            .once('data', resolve)
            .once('error', reject)
            .once('close', () => reject(new Error('refused')));
        });
        if (!first.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(first.toString('latin1'));
        socket
          .removeAllListeners('close')
          .removeAllListeners('error')
          .on('error', () => {});
        opened(socket);
      }),
    );
  }
}
