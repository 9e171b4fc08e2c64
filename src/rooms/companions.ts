/**
 * The sounds that participants share beside their voices: music, or the sound of a tab. Each is a participant of its own,
 * so that everyone hears it as loud as they want, but not a person: it has an owner, and goes when they go.
 */
import { AppError } from '../lib/errors.ts';
import { MAX_MUSIC } from '../media/plane.ts';
import type { Admission } from './admission.ts';
import type { Person } from './hearing.ts';
import { MAX_NAME_CHARACTERS } from './names.ts';
import type { Participant } from './participant.ts';

export class Companions {
  /** By the id of the owner, who has one at most. */
  readonly #byOwner = new Map<string, Participant>();

  get size(): number {
    return this.#byOwner.size;
  }

  of({ id }: Person): Participant | undefined {
    return this.#byOwner.get(id);
  }

  /** Another may begin to share. Throws `too_many_shares`. */
  checkPlace(): void {
    if (this.#byOwner.size >= MAX_MUSIC) throw new AppError('too_many_shares');
  }

  add(companion: Participant): void {
    if (companion.owner !== undefined) this.#byOwner.set(companion.owner.id, companion);
  }

  delete(companion: Participant): void {
    if (companion.owner !== undefined && this.#byOwner.get(companion.owner.id) === companion)
      this.#byOwner.delete(companion.owner.id);
  }
}

/** @param isOn whether anybody may share sound on this server */
export function mayShareSound({ maySpeak, mayShareSound: isAllowed = true }: Admission, isOn: boolean): boolean {
  return isOn && maySpeak && isAllowed;
}

/** The admission of a participant's companion. Throws `not_allowed`. */
export function companionAdmission(owner: Admission, isOn: boolean): Admission {
  if (!mayShareSound(owner, isOn)) throw new AppError('not_allowed', 'You may not share sound here.');
  const nothingElse = { mayModerate: false, mayChat: false, maySendData: false, mayShareSound: false };
  return { identity: null, name: null, maySpeak: true, ...nothingElse };
}

/** Throws `not_allowed` for a companion, which goes nowhere by itself. */
export function checkPerson({ owner }: Participant): void {
  if (owner !== undefined) throw new AppError('not_allowed', 'A shared sound always follows its owner.');
}

/** For clients that do not know companions; others write it in their own language. */
export function companionName(owner: string): string {
  const end = "'s music";
  return `${Array.from(owner)
    .slice(0, MAX_NAME_CHARACTERS - end.length)
    .join('')}${end}`;
}
