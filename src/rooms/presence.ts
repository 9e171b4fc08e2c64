import type { MediaNetwork } from '../media/plane.ts';
import type { ConnectionGrade, ParticipantInfo } from '../protocol/messages.ts';

/** What participants say about themselves besides muting and deafening. Omitted fields keep their value. */
export interface PresenceChange {
  /** A microphone is in use, muted or not. */
  readonly hasMicrophone?: boolean | undefined;
  readonly handRaised?: boolean | undefined;
  readonly away?: boolean | undefined;
}

/** In so many reports in a row, a few seconds apart, a connection must be better or worse before the others see it. */
const REPORTS_IN_A_ROW = 2;

/** What the others see of a participant besides their name and rights. Reports whether something has changed. */
export class Presence {
  readonly #via: ParticipantInfo['via'];
  #hasMicrophone: boolean;
  #handRaised = false;
  #away = false;
  #grade: ConnectionGrade = 'good';
  #nextGrade: ConnectionGrade = 'good';
  #reports = 0;

  /** @param via how they are here, if not by a page */
  constructor(hasMicrophone: boolean, via?: ParticipantInfo['via']) {
    this.#via = via;
    this.#hasMicrophone = hasMicrophone;
  }

  get hasMicrophone(): boolean {
    return this.#hasMicrophone;
  }

  get view(): Pick<ParticipantInfo, 'via' | 'handRaised' | 'away' | 'connection'> {
    return {
      ...(this.#via !== undefined && { via: this.#via }),
      ...(this.#handRaised && { handRaised: true }),
      ...(this.#away && { away: true }),
      ...(this.#grade !== 'good' && { connection: this.#grade }),
    };
  }

  change({ hasMicrophone, handRaised, away }: PresenceChange): boolean {
    const before = [this.#hasMicrophone, this.#handRaised, this.#away];
    this.#hasMicrophone = hasMicrophone ?? this.#hasMicrophone;
    this.#handRaised = handRaised ?? this.#handRaised;
    this.#away = away ?? this.#away;
    return [this.#hasMicrophone, this.#handRaised, this.#away].some((now, index) => now !== before[index]);
  }

  /** A report of their media has come. */
  reported(network: MediaNetwork): boolean {
    const grade = gradeOf(network);
    this.#reports = grade === this.#nextGrade ? this.#reports + 1 : 1;
    this.#nextGrade = grade;
    if (grade === this.#grade || this.#reports < REPORTS_IN_A_ROW) return false;
    this.#grade = grade;
    return true;
  }

  /** Their media works again, or no longer. Nothing is known of what comes. */
  reconnected(): void {
    this.#grade = this.#nextGrade = 'good';
    this.#reports = 0;
  }

  /** A hand is raised in one room. */
  entered(): void {
    this.#handRaised = false;
  }
}

const PROGRAMS: ReadonlySet<ParticipantInfo['via']> = new Set(['whip', 'bot', 'rtp']);

/** Whether nobody sits there. */
export function isProgram({ via }: Pick<ParticipantInfo, 'via'>): boolean {
  return PROGRAMS.has(via);
}

/** What people notice: first interruptions, then delay. The client library grades its own connection alike. */
export function gradeOf({ incoming, outgoing, roundTripMs }: MediaNetwork): ConnectionGrade {
  const loss = Math.max(incoming?.lossRatio ?? 0, outgoing?.lossRatio ?? 0);
  const delayMs = (roundTripMs ?? 0) + Math.max(incoming?.jitterMs ?? 0, outgoing?.jitterMs ?? 0);
  if (loss > 0.1 || delayMs > 500) return 'poor';
  if (loss > 0.03 || delayMs > 250) return 'fair';
  return 'good';
}
