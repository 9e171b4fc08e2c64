import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import type { ReceiveReport } from '../../bench/client/receive-counters.ts';
import { type HeardTone, heardTone } from './heard-tone.ts';
import { Hearing } from './hearing.ts';
import { tone } from './signal.ts';

const certificate = createCertificate();

export interface LightTalkerOptions {
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
  readonly #timer: NodeJS.Timeout;

  private constructor(participant: LightParticipant, hearing: Hearing, frequencyHz: number) {
    this.#participant = participant;
    this.#hearing = hearing;
    participant.say(encodeProgramme(tone({ frequencyHz, samples: 96_000 })));
    this.#timer = setInterval(() => participant.sendNext(), 20);
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

  close(): void {
    clearInterval(this.#timer);
    this.#participant.close();
  }
}
