import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import type { ReceiveReport } from '../../bench/client/receive-counters.ts';
import type { ServerKind } from '../../bench/client/room-signaling.ts';
import { eventually } from './eventually.ts';
import { everyFrame } from './every-frame.ts';
import { type HeardTone, heardTone } from './heard-tone.ts';
import { Hearing } from './hearing.ts';
import { tone } from './signal.ts';

/** Far below the level at which others talk, and far above what is left of a voice that is not there. */
const AUDIBLE_DBFS = -30;
const LISTEN_MS = 400;
const certificate = createCertificate();

export interface LightTalkerOptions {
  /** See `openSignaling`. */
  readonly server?: ServerKind;
  /** `ws://127.0.0.1:8080/ws` */
  readonly url: string;
  readonly room: string;
  readonly name: string;
  /** Frequency of the tone that the participant sends without a pause. */
  readonly frequencyHz: number;
}

/** A participant without a browser, on any network. It sends a tone and hears what the server sends. */
export class LightTalker {
  readonly #participant: LightParticipant;
  readonly #hearing: Hearing;
  readonly #hangUp: () => void;

  private constructor(participant: LightParticipant, hearing: Hearing, frequencyHz: number) {
    this.#participant = participant;
    this.#hearing = hearing;
    participant.say(encodeProgramme(tone({ frequencyHz, samples: 96_000 })));
    this.#hangUp = everyFrame(() => participant.sendNext());
  }

  /** Resolves when media can flow both ways. */
  static async join({ frequencyHz, ...options }: LightTalkerOptions): Promise<LightTalker> {
    const hearing = new Hearing();
    const participant = await LightParticipant.join({
      ...options,
      certificate: await certificate,
      onPayload: ({ payload, header, atMs }) => hearing.add({ ...header, payload: payload.slice(), atMs }),
    });
    return new LightTalker(participant, hearing, frequencyHz);
  }

  /**
   * Resolves when this frequency is heard most of the time. Rejects with how loud it is if that does not happen, however
   * busy the machine is.
   */
  async hears(frequencyHz: number): Promise<void> {
    await eventually(async () => {
      const levelDbfs = await this.hearDbfs(frequencyHz, LISTEN_MS);
      return levelDbfs > AUDIBLE_DBFS || `${frequencyHz} Hz is heard at ${levelDbfs.toFixed(1)} dBFS`;
    });
  }

  /** How loud this frequency usually is in what arrives from now on. */
  async hearDbfs(frequencyHz: number, ms = 1000): Promise<number> {
    return (await this.hear(frequencyHz, ms)).usuallyDbfs;
  }

  /** How loud this frequency is in what arrives from now on. */
  async hear(frequencyHz: number, ms = 1000): Promise<HeardTone> {
    const mark = this.#hearing.mark();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return heardTone(this.#hearing.sound(mark), frequencyHz);
  }

  /** What arrived since the last call. */
  takeReport(): ReceiveReport {
    const { received } = this.#participant;
    const report = received.report(performance.now());
    received.reset(performance.now());
    return report;
  }

  /** The media port of its server. */
  get serverPort(): number {
    return this.#participant.serverPort;
  }

  close(): void {
    this.#hangUp();
    this.#participant.close();
  }
}
