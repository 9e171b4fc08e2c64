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
import { runCommand } from './lib/command.ts';
import { freePort } from './lib/free-port.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { ping } from './lib/mumble-talk.ts';
import type { Options, Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';
import { percentile } from './lib/statistics.ts';
import { type Column, formatTable } from './lib/table.ts';

/** Of one talkspurt. */
const PACKETS = 25;
const PAUSE_MS = 700;
const SETTLE_MS = 2000;
/** What is longer is no silence. */
const SILENCE_BYTES = 3;

interface Row {
  readonly way: string;
  readonly delays: readonly number[];
  readonly expected: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'from → to', value: ({ way }) => way },
  { title: 'talkspurts\nthat arrive', value: ({ delays, expected }) => `${delays.length} of ${expected}` },
  { title: 'delay, median\nms', value: ({ delays }) => percentile(delays, 0.5).toFixed(1) },
  { title: 'p90\nms', value: ({ delays }) => percentile(delays, 0.9).toFixed(1) },
  { title: 'longest\nms', value: ({ delays }) => percentile(delays, 1).toFixed(1) },
];

const options = {
  talkspurts: { kind: 'number', default: 20, min: 1, max: 1000, description: 'in each direction' },
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

async function run({ talkspurts }: Values<typeof options>): Promise<void> {
  warnIfBusy(describeMachine());
  const folder = await mkdtemp(join(tmpdir(), 'partyline-bench-'));
  const port = await freePort();
  const flags = ['--mumble', 'on', '--mumble-port', String(port), '--mumble-rooms', ROOM, '--data-dir', folder];
  const [start] = serversOf({ flags: [...flags, '--mumble-default-room', ROOM], workers: [1] });
  const server = await start!();
  const mix: { readonly atMs: number; readonly bytes: number }[] = [];
  const certificate = await createCertificate();
  const mumble = await MumbleClient.join({ port, name: 'Mumble' });
  const browser = await LightParticipant.join({
    ...{ url: server.webSocketUrl, room: ROOM, name: 'Browser', certificate },
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
    const rows = [
      { way: 'WebRTC → Mumble', delays: out, expected: talkspurts },
      { way: 'Mumble → WebRTC', delays: back, expected: talkspurts },
    ];
    console.log(formatTable(COLUMNS, rows));
  } finally {
    browser.close();
    mumble.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
