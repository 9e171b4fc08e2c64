/** Two participants who talk and hear each other, to be attacked. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { type Certificate, createCertificate } from '../../bench/client/media-transport.ts';
import { Pacer } from '../../bench/client/pacer.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import type { Scrape } from '../../bench/lib/prometheus.ts';
import { Window } from '../../bench/lib/window.ts';
import { CpuWait } from './cpu-time.ts';
import { eventually } from './eventually.ts';
import { Hearing } from './hearing.ts';
import { OnPath, Stranger } from './on-path.ts';
import { type RunningServer, startServer } from './running-server.ts';
import { tone, toneLevelDbfs } from './signal.ts';

export const ROOM = 'lobby';
const NAMES = ['Ada', 'Ben'] as const;
const FREQUENCIES = [500, 820] as const;
/** Levels are measured in windows of this length: where the jitter buffer changes its delay, a tone has a step. */
const WINDOW = 4800;
/** Share of the windows, from the quietest to the loudest: this process itself may stand still for a moment. */
const USUAL = 0.7;
const AUDIBLE_DBFS = -25;
/** If server and participants waited longer for a CPU, their voices may have suffered from that alone. */
const BUSY_SHARE = 0.2;
/** How many packets are listened to after an attack on a busy machine. */
const LISTENING = 30;
const SETTLE_MS = 1000;
const MAX_LOST_SHARE = 0.05;
/** Not counting the time for which server and participants waited for a CPU. */
const MAX_GAP_MS = 400;
const MAX_CONCEALED_SHARE = 0.25;
/** Long enough to hear the effect of an attack, and for the next figures of the media engine. */
const AFTERWARDS_MS = 600;

export interface Party {
  readonly name: string;
  readonly participant: LightParticipant;
  readonly hearing: Hearing;
  /** The participant's address as `OnPath` knows it. */
  readonly address: string;
}

/** Ends other things when it ends itself. */
export interface Lifetime {
  teardown(end: () => unknown): void;
}

/** What one of them received while an attack went on. */
export interface PartyReport {
  readonly name: string;
  readonly packets: number;
  readonly lost: number;
  readonly largestGapMs: number;
  /** The level of the other one's voice, most of the time. */
  readonly levelDbfs: number;
}

export interface ConversationReport {
  readonly parties: readonly PartyReport[];
  /** Share of the frames of all participants. */
  readonly concealedShare: number;
  /** How long the processes of the server and both participants waited for a CPU. */
  readonly cpuWaitMs: number;
  readonly tookMs: number;
  readonly tickFailures: number;
  /** Datagrams that the server received, including those of the conversation. */
  readonly datagramsIn: number;
  readonly tickLatenessP99Ms: number;
}

export interface Harm {
  /** The share of concealed frames among all participants that is still fine; 0.25 by default. */
  readonly maxConcealedShare?: number;
}

export class Conversation {
  readonly server: RunningServer;
  readonly onPath: OnPath;
  readonly certificate: Certificate;
  readonly ada: Party;
  readonly ben: Party;

  private constructor(server: RunningServer, onPath: OnPath, certificate: Certificate, parties: readonly Party[]) {
    this.server = server;
    this.onPath = onPath;
    this.certificate = certificate;
    [this.ada, this.ben] = parties as [Party, Party];
  }

  /**
   * Resolves when both talk. Everything ends with `lifetime`, which may be a test. `start` gets the flags of the
   * server.
   */
  static async start(
    lifetime: Lifetime,
    start: (flags: readonly string[]) => Promise<RunningServer> = startServer,
  ): Promise<Conversation> {
    const onPath = await OnPath.open();
    lifetime.teardown(() => onPath.close());
    const server = await start([...onPath.serverFlags, '--levelling', 'off']);
    lifetime.teardown(() => server.close());
    const certificate = await createCertificate();
    const pacer = new Pacer();
    lifetime.teardown(() => pacer.close());
    const parties: Party[] = [];
    for (const [index, name] of NAMES.entries()) {
      const hearing = new Hearing();
      const participant = await LightParticipant.join({
        url: server.webSocketUrl,
        room: ROOM,
        name,
        certificate,
        onPayload: ({ payload, header, atMs }) => hearing.add({ ...header, payload: payload.slice(), atMs }),
      });
      lifetime.teardown(() => participant.close());
      participant.say(encodeProgramme(tone({ frequencyHz: FREQUENCIES[index]!, samples: 96_000 })));
      pacer.add(index, () => participant.sendNext());
      parties.push({ name, participant, hearing, address: onPath.participants[index]! });
    }
    await sleep(SETTLE_MS);
    return new Conversation(server, onPath, certificate, parties);
  }

  /** A stranger at `address`, by default one that nobody uses. Closed at the end of the test. */
  async stranger(t: Test, address = '127.0.0.66', port = 0): Promise<Stranger> {
    const stranger = await Stranger.open(this.onPath.port, address, port);
    t.teardown(() => stranger.close());
    return stranger;
  }

  /**
   * Resolves when a counter of the media engine, whose figures are up to half a second old, has reached this value.
   * Rejects with its value if it never does.
   */
  async reaches(counter: string, least: number): Promise<void> {
    const isReached = (figures: Scrape) => {
      const value = figures.sum(`partyline_${counter}_total`);
      return value >= least || `${counter} is ${value}, not ${least} or more`;
    };
    if (isReached(await this.server.recentMetrics()) === true) return;
    await eventually(async () => isReached(await this.server.metrics()));
  }

  /** Runs the attack and reports on the conversation during it and for a while afterwards. */
  async measure(attack: () => Promise<unknown> | unknown): Promise<ConversationReport> {
    const parties = [this.ada, this.ben];
    const before = await this.server.recentMetrics();
    const startMs = performance.now();
    const cpuWait = new CpuWait([...new Set([process.pid, this.server.pid])]);
    const marks = parties.map(({ hearing, participant }) => {
      participant.received.reset(performance.now());
      return hearing.mark();
    });
    await attack();
    await sleep(AFTERWARDS_MS);
    const after = await this.server.metrics();
    // Nothing is awaited from here on: what is measured later could not be held against the time that the machine took.
    const cpuWaitMs = cpuWait.ms;
    const tookMs = performance.now() - startMs;
    const since = (name: string) => after.sum(`partyline_${name}_total`) - before.sum(`partyline_${name}_total`);
    return {
      parties: parties.map(({ name, hearing, participant }, index) => {
        const { packets, lost, largestGapMs } = participant.received.report(performance.now());
        // Much of a voice that is sent late is concealed, and concealment is quieter.
        const share = USUAL + (1 - USUAL) * Math.min(1, cpuWaitMs / tookMs);
        const levelDbfs = usualLevelDbfs(hearing.sound(marks[index]), FREQUENCIES[1 - index]!, share);
        return { name, packets, lost, largestGapMs, levelDbfs };
      }),
      concealedShare: since('frames_concealed') / Math.max(1, since('frames_decoded')),
      cpuWaitMs,
      tookMs,
      tickFailures: since('tick_failures'),
      datagramsIn: since('datagrams_received'),
      tickLatenessP99Ms: new Window(before, after).latenessMs(0.99),
    };
  }

  /** Runs the attack and asserts that both heard each other all the time. */
  async unharmed(
    t: Test,
    attack: () => Promise<unknown> | unknown,
    { maxConcealedShare = MAX_CONCEALED_SHARE }: Harm = {},
  ): Promise<ConversationReport> {
    const report = await this.measure(attack);
    const { concealedShare, tickFailures, cpuWaitMs, tookMs } = report;
    const maxGapMs = MAX_GAP_MS + cpuWaitMs;
    for (const [index, { name, packets, lost, largestGapMs, levelDbfs }] of report.parties.entries()) {
      t.ok(
        largestGapMs < maxGapMs,
        `${name}: a gap of ${largestGapMs.toFixed(0)} ms, at most ${maxGapMs.toFixed(0)} allowed`,
      );
      t.ok(lost <= packets * MAX_LOST_SHARE, `${name}: ${lost} of ${packets} packets lost`);
      if (levelDbfs < AUDIBLE_DBFS && cpuWaitMs > BUSY_SHARE * tookMs)
        await t.resolves(this.#hearsAgain(index), `on a busy machine, ${name} hears the other one again`);
      else t.ok(levelDbfs > AUDIBLE_DBFS, `${name} hears the other one (${levelDbfs.toFixed(1)} dBFS)`);
    }
    // A voice that could not be sent in time is concealed as well.
    t.ok(concealedShare < maxConcealedShare + cpuWaitMs / tookMs, `${(100 * concealedShare).toFixed(1)} % concealed`);
    t.equal(tickFailures, 0, 'no tick fails');
    return report;
  }

  async #hearsAgain(index: number): Promise<void> {
    const { hearing } = [this.ada, this.ben][index]!;
    const mark = hearing.mark();
    await eventually(() => {
      const sound = hearing.sound(Math.max(mark, hearing.mark() - LISTENING));
      const levelDbfs = usualLevelDbfs(sound, FREQUENCIES[1 - index]!);
      return levelDbfs > AUDIBLE_DBFS || `${levelDbfs.toFixed(1)} dBFS`;
    });
  }
}

/** The level that a tone does not exceed for this share of the time. */
export function usualLevelDbfs(sound: Int16Array, frequencyHz: number, share = USUAL): number {
  const windows = Math.floor(sound.length / WINDOW);
  const levels = Array.from({ length: windows }, (_, index) =>
    toneLevelDbfs(sound.subarray(index * WINDOW, (index + 1) * WINDOW), frequencyHz),
  );
  return levels.sort((a, b) => a - b)[Math.min(windows - 1, Math.floor(windows * share))] ?? Number.NEGATIVE_INFINITY;
}
