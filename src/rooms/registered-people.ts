/**
 * People whom the operator knows by their identity: the one in a join token, or the certificate of a Mumble client
 * (`mumble:` and its hash). They have a name that nobody else may use, moderate in every room, or both.
 */
import { AppError } from '../lib/errors.ts';
import type { Admission } from './admission.ts';
import { participantName } from './names.ts';

export interface RegisteredPeopleSettings {
  /** Names by identity. */
  readonly registeredNames?: Readonly<Record<string, string>>;
  /** Identities of those who moderate in every room. */
  readonly moderators?: readonly string[];
}

/** What does not make a name look like another one: spaces, punctuation, and what is invisible. */
const UNIMPORTANT = /[\p{Z}\p{P}\p{Default_Ignorable_Code_Point}]/gu;

export class RegisteredPeople {
  readonly #names = new Map<string, string>();
  /** Whose name it is, by what it looks like. */
  readonly #owners = new Map<string, string>();
  readonly #moderators: ReadonlySet<string>;

  /** Throws an error with a sentence for the operator if a name is invalid, or belongs to two people. */
  constructor({ registeredNames = {}, moderators = [] }: RegisteredPeopleSettings) {
    for (const [identity, text] of Object.entries(registeredNames)) {
      const name = nameFor(identity, text);
      const look = lookOf(name);
      if (this.#owners.has(look))
        throw new Error(`registered-names gives "${name}" to "${this.#owners.get(look)}" and to "${identity}".`);
      this.#names.set(identity, name);
      this.#owners.set(look, identity);
    }
    this.#moderators = new Set(moderators);
  }

  /** With the name and the rights that they have because they are registered. */
  admission(admission: Admission): Admission {
    const { identity } = admission;
    if (identity === null) return admission;
    const name = this.#names.get(identity);
    const moderates = this.#moderators.has(identity);
    if (name === undefined && !moderates) return admission;
    return { ...admission, ...(name !== undefined && { name }), ...(moderates && { mayModerate: true }) };
  }

  /**
   * Throws `name_reserved` if this name, or one that looks like it, is somebody else's. Not for people whom the operator
   * brings from elsewhere, with the names that they have there.
   */
  checkName(name: string, identity: string | null): void {
    if (this.#owners.size === 0) return;
    const owner = this.#owners.get(lookOf(name));
    if (owner !== undefined && owner !== identity) throw new AppError('name_reserved');
  }
}

function nameFor(identity: string, text: string): string {
  try {
    return participantName(text);
  } catch {
    throw new Error(`registered-names: "${text}" cannot be the name of "${identity}".`);
  }
}

function lookOf(name: string): string {
  const look = name.normalize('NFKC').replace(UNIMPORTANT, '').toLowerCase().toUpperCase().toLowerCase();
  // A name of punctuation only is not like all others of that kind.
  return look === '' ? name : look;
}
