import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { everyFrame } from '../test/helpers/every-frame.ts';
import { tone } from '../test/helpers/signal.ts';
import { SignalingClient } from '../test/helpers/signaling-client.ts';
import { readFrame, writeAcknowledgement, writeVoice } from '../web/sdk/websocket-media/frame.ts';
import { encodeProgramme } from './client/programme.ts';
import { runCommand } from './lib/command.ts';
import { Driver } from './lib/driver.ts';
import { fillRoom } from './lib/fill-room.ts';
import { describeMachine, warnIfBusy } from './lib/machine.ts';
import { measurePhase, type PhaseOptions } from './lib/measured-phase.ts';
import type { Options, Values } from './lib/options.ts';
import { clearProgress, showProgress } from './lib/progress.ts';
import { ROOM, serversOf } from './lib/servers.ts';

const SETTLE_MS = 2000;
const PEOPLE = 10;
const TALKERS = 2;
const FRAME_SAMPLES = 960;
const LEVEL_DBOV = -17;
const ACKNOWLEDGE_EVERY_FRAMES = 5;
/** Longer packets are sound. */
const SILENCE_LENGTH = 3;
/** A burst of 200 ms in each second. */
const BURST_EVERY_FRAMES = 50;
const BURST_FRAMES = 10;
const BURSTS = 20;

const programme = encodeProgramme(tone({ frequencyHz: 430, samples: 50 * FRAME_SAMPLES }), false);
const silence = encodeProgramme(new Float32Array(FRAME_SAMPLES), false)[0]!.payload;

const options = {
  people: { kind: 'number', default: 40, min: 1, max: 200, description: 'whose sound goes over WebSockets' },
  seconds: { kind: 'number', default: 10, min: 1, max: 600, description: 'length of each window' },
} as const satisfies Options;

await runCommand({
  name: 'websocket-media',
  about: `What people cost whose sound goes over WebSockets while ${PEOPLE} people are in the room by UDP and ${TALKERS} of them talk (CPU time of the whole server), and the delay from one such person to another.`,
  options,
  run,
});

async function run({ people, seconds }: Values<typeof options>): Promise<void> {
  warnIfBusy(describeMachine());
  const [start] = serversOf({ flags: [], workers: [1] });
  const driver = new Driver(new URL('./client.mjs', import.meta.url));
  await driver.ask({ type: 'prepare', voices: TALKERS, dtx: 'as-asked' });
  const server = await start!();
  try {
    console.log(await delay(server.webSocketUrl));
    const room: PhaseOptions = { server, driver, settled: PEOPLE };
    const target = await fillRoom(room, TALKERS);
    const measure = async (title: string): Promise<number> => {
      await sleep(SETTLE_MS);
      showProgress(`measuring with people who ${title}`);
      const { figures } = await measurePhase(room, () => sleep(seconds * 1000));
      clearProgress();
      return figures.serverCpuPercent;
    };
    const tell = (who: string, without: number, cpu: number) =>
      console.log(`${people} people ${who}: ${((cpu - without) / people).toFixed(2)} % of a core each`);
    for (const speaks of [false, true]) {
      const without = await measure('are not there');
      const all = await Promise.all(Array.from({ length: people }, (_, n) => join(server.webSocketUrl, ROOM, n)));
      for (const each of all) each.run((n) => (speaks || n % 20 === 0 ? (speaks ? n : -1) : undefined));
      tell(
        speaks ? 'who talk over WebSockets' : 'who listen over WebSockets',
        without,
        await measure('use WebSockets'),
      );
      for (const each of all) each.close();
      await sleep(SETTLE_MS);
    }
    const without = await measure('are not there');
    await driver.ask({ type: 'join', ...target, count: people, perSecond: 15, stereo: false });
    tell('who listen by UDP', without, await measure('use UDP'));
  } finally {
    await driver.ask({ type: 'leave' });
    driver.close();
    await server.close();
  }
}

interface Person {
  onSound: (length: number) => void;
  onBurst: () => void;
  /** @param frameOf which frame of the tone is sent as the nth, -1 for silence, undefined for none */
  run(frameOf: (n: number) => number | undefined): void;
  close(): void;
}

async function join(webSocketUrl: string, room: string, n: number): Promise<Person> {
  const signaling = await SignalingClient.open(webSocketUrl);
  const { resumeToken } = await signaling.join(room, `WebSocket ${n}`);
  const media = new WebSocket(webSocketUrl.replace(/ws$/, 'media'));
  await once(media, 'open');
  media.send(JSON.stringify({ type: 'attach', room, resumeToken }));
  await once(media, 'message');
  let received = 0;
  let receivedMs = 0;
  let stop = () => {};
  const person: Person = {
    onSound: () => {},
    onBurst: () => {},
    run: (frameOf) => {
      let sequence = 0;
      let wasSound = false;
      stop = everyFrame((frame) => {
        const index = frameOf(frame);
        const isSound = index !== undefined && index >= 0;
        if (isSound && !wasSound) person.onBurst();
        wasSound = isSound;
        if (index !== undefined) {
          const packet = isSound ? programme[index % programme.length]!.payload : silence;
          const levelDbov = isSound ? LEVEL_DBOV : -127;
          media.send(writeVoice({ sequence: ++sequence, time: frame * FRAME_SAMPLES, levelDbov, packet }));
        }
        if (frame % ACKNOWLEDGE_EVERY_FRAMES === 0)
          media.send(writeAcknowledgement(received, performance.now() - receivedMs));
      });
    },
    close: () => {
      stop();
      media.terminate();
      signaling.socket.terminate();
    },
  };
  media.on('message', (data: Buffer, isBinary: boolean) => {
    const frame = isBinary ? readFrame(Uint8Array.from(data).buffer) : undefined;
    if (frame?.kind !== 'sound') return;
    received = frame.sequence;
    receivedMs = performance.now();
    person.onSound(frame.packet.length);
  });
  return person;
}

/** From the moment in which a packet with the beginning of a sound is sent until one with it arrives at the other person. */
async function delay(webSocketUrl: string): Promise<string> {
  showProgress('measuring the delay');
  const [talker, listener] = await Promise.all([join(webSocketUrl, 'delay', 1), join(webSocketUrl, 'delay', 2)]);
  const delaysMs: number[] = [];
  let sentMs = 0;
  talker.onBurst = () => {
    sentMs = performance.now();
  };
  listener.onSound = (length) => {
    if (length <= SILENCE_LENGTH || sentMs === 0) return;
    delaysMs.push(performance.now() - sentMs);
    sentMs = 0;
  };
  listener.run((n) => (n % 20 === 0 ? -1 : undefined));
  // Silence goes on as packets, as from a microphone.
  talker.run((n) => (n % BURST_EVERY_FRAMES < BURST_FRAMES ? n : n % 20 === 0 ? -1 : undefined));
  await sleep(BURSTS * 1000);
  talker.close();
  listener.close();
  clearProgress();
  delaysMs.sort((a, b) => a - b);
  const [median, most] = [delaysMs[delaysMs.length >> 1], delaysMs.at(-1)].map((ms) => ms?.toFixed(0) ?? '?');
  return `from one person over a WebSocket to another: ${median} ms in the median of ${delaysMs.length} sounds, ${most} ms at most`;
}
