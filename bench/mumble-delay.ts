import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendFrames } from '../test/helpers/every-frame.ts';
import { MumbleClient } from '../test/helpers/mumble-client.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../test/helpers/opus.ts';
import { toInt16, tone } from '../test/helpers/signal.ts';
import { createCertificate } from './client/media-transport.ts';
import { LightParticipant } from './client/participant.ts';
import { runCommand, writeResult } from './lib/command.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { MUMBLE_DELAY_COLUMNS, type MumbleDelayResult, type MumbleDelayRow } from './lib/mumble-result.ts';
import { ping } from './lib/mumble-talk.ts';
import { JSON_FILE, type Options, type Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { percentile } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

/** Of one talkspurt. */
const PACKETS = 25;
const PAUSE_MS = 700;
const SETTLE_MS = 2000;
/** What is longer is no silence. */
const SILENCE_BYTES = 3;

const options = {
  talkspurts: { kind: 'number', default: 20, min: 1, max: 1000, description: 'in each direction' },
  json: JSON_FILE,
} as const satisfies Options;

await runCommand({
  name: 'mumble-delay',
  about: [
    'How long the first sound of a talkspurt takes between a WebRTC client and a Mumble client in one room: from the socket',
    'of one to that of the other. Voice to Mumble is passed on as it is; voice from Mumble goes through jitter buffer and mix.',
    'What the clients add is not in it: capture, encoding, and their own jitter buffers.',
  ].join('\n'),
  options,
  run,
});

async function run({ talkspurts, json }: Values<typeof options>): Promise<void> {
  const machine = describeMachine();
  warnIfBusy(machine);
  const folder = await mkdtemp(join(tmpdir(), 'partyline-bench-'));
  const port = await freePort();
  const flags = ['--mumble', 'on', '--mumble-port', String(port), '--mumble-rooms', ROOM, '--data-dir', folder];
  const [start] = serversOf({ flags: [...flags, '--mumble-default-room', ROOM], workers: [1] });
  const server = await start!();
  const mix: { readonly atMs: number; readonly bytes: number }[] = [];
  const certificate = await createCertificate();
  const mumble = await MumbleClient.join({ port, name: 'Mumble' });
  const browser = await LightParticipant.join({
    url: server.webSocketUrl,
    room: ROOM,
    name: 'Browser',
    certificate,
    onPayload: ({ payload, atMs }) => mix.push({ atMs, bytes: payload.length }),
  });
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz: 400, samples: FRAME_SAMPLES }));
  const payload = Uint8Array.from([...Array(10)].map(() => encode(sound)).at(-1)!);
  const out: number[] = [];
  const back: number[] = [];
  try {
    for (let n = 0; n < 2; n++) {
      ping([mumble]);
      await sleep(SETTLE_MS);
    }
    for (let n = 0; n < talkspurts; n++) {
      showProgress(`${n + 1} of ${talkspurts}`);
      ping([mumble]);
      mumble.heard.length = 0;
      const saidMs = performance.now();
      await sendFrames(PACKETS, () => browser.send({ payload, levelDbov: -15, voice: true }));
      browser.skip();
      await sleep(PAUSE_MS);
      const heard = mumble.heard.find(({ atMs }) => atMs >= saidMs);
      if (heard !== undefined) out.push(heard.atMs - saidMs);
      mix.length = 0;
      const spokenMs = performance.now();
      await sendFrames(PACKETS, (frame) => mumble.sayByUdp(2 * frame, payload, { isLast: frame === PACKETS - 1 }));
      await sleep(PAUSE_MS);
      const first = mix.find(({ atMs, bytes }) => atMs >= spokenMs && bytes > SILENCE_BYTES);
      if (first !== undefined) back.push(first.atMs - spokenMs);
    }
    clearProgress();
    const rows = [rowOf('WebRTC → Mumble', out, talkspurts), rowOf('Mumble → WebRTC', back, talkspurts)];
    console.log(formatTable(MUMBLE_DELAY_COLUMNS, rows));
    const result: MumbleDelayResult = { benchmark: 'mumble-delay', machine, rows };
    await writeResult(json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    browser.close();
    mumble.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function rowOf(way: string, delays: readonly number[], talkspurts: number): MumbleDelayRow {
  const [medianMs, p90Ms, longestMs] = [0.5, 0.9, 1].map((p) => percentile(delays, p)) as [number, number, number];
  return { way, talkspurts, arrived: delays.length, medianMs, p90Ms, longestMs };
}
