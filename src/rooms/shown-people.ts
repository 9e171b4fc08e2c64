/** Who is listed to everyone in a room that is too large to list all. */
import type { Millis } from '../lib/clock.ts';
import type { ParticipantView } from './events.ts';

/** Those who always concern everyone. Of each kind the first are shown. */
const MOST = { moderator: 20, hand: 20, program: 10, music: 10 } as const;
type Kind = keyof typeof MOST;
/** Of those who have spoken lately. */
export const MAX_SPEAKERS = 40;
/** They are shown for so long after their last word. */
export const SPOKE_FOR_MS: Millis = 60_000;
/** If too many speak, newcomers wait until somebody has been silent for so long. */
const PAUSE_MS: Millis = 5000;

const KINDS = Object.keys(MOST) as Kind[];

function isOfKind({ mayModerate, handRaised, role, via }: ParticipantView, kind: Kind): boolean {
  switch (kind) {
    case 'moderator':
      return mayModerate && role === undefined;
    case 'hand':
      return handRaised === true;
    case 'program':
      return via === 'whip' || via === 'bot' || via === 'rtp';
    case 'music':
      return role === 'music';
  }
}

export class ShownPeople {
  /** Everyone of each kind by id, in the order in which they became so. */
  readonly #ofKind = new Map<Kind, Set<string>>(KINDS.map((kind) => [kind, new Set()]));
  /** When they last spoke, by id. */
  readonly #spokeMs = new Map<string, Millis>();
  #shown: ReadonlySet<string> = new Set();

  /** As of the last `refresh`. At most about a hundred. */
  get ids(): ReadonlySet<string> {
    return this.#shown;
  }

  /** Somebody is in the room, or has changed. */
  note(view: ParticipantView): void {
    for (const [kind, ids] of this.#ofKind) {
      if (isOfKind(view, kind)) ids.add(view.id);
      else ids.delete(view.id);
    }
  }

  left(id: string): void {
    for (const ids of this.#ofKind.values()) ids.delete(id);
    this.#spokeMs.delete(id);
  }

  /** These speak now. */
  spoke(ids: Iterable<string>, nowMs: Millis): void {
    for (const id of ids) if (this.#spokeMs.has(id) || this.#hasPlace(nowMs)) this.#spokeMs.set(id, nowMs);
  }

  /** Decides who is shown from now on. Returns who is new in it, and who is not shown any more. */
  refresh(nowMs: Millis): { readonly shown: readonly string[]; readonly hidden: readonly string[] } {
    for (const [id, ms] of this.#spokeMs) if (nowMs - ms >= SPOKE_FOR_MS) this.#spokeMs.delete(id);
    const now = new Set<string>();
    for (const [kind, ids] of this.#ofKind) {
      let left = MOST[kind];
      for (const id of ids) {
        if (left-- === 0) break;
        now.add(id);
      }
    }
    for (const id of this.#spokeMs.keys()) now.add(id);
    const before = this.#shown;
    this.#shown = now;
    return {
      shown: [...now].filter((id) => !before.has(id)),
      hidden: [...before].filter((id) => !now.has(id)),
    };
  }

  #hasPlace(nowMs: Millis): boolean {
    if (this.#spokeMs.size < MAX_SPEAKERS) return true;
    for (const [id, ms] of this.#spokeMs) {
      if (nowMs - ms < PAUSE_MS) continue;
      this.#spokeMs.delete(id);
      return true;
    }
    return false;
  }
}
