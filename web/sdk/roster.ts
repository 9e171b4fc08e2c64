import type { LeaveReason, ParticipantInfo } from '../../src/protocol/messages.ts';
import { Participant, type ParticipantActions } from './participant.ts';

/** The people in the room as objects, kept in step with the list of the server. */
export class Roster {
  readonly #actions: ParticipantActions;
  readonly #all = new Map<string, Participant>();
  #active: readonly Participant[] = [];

  constructor(actions: ParticipantActions) {
    this.#actions = actions;
  }

  get all(): ReadonlyMap<string, Participant> {
    return this.#all;
  }

  /** Those who speak, loudest first. */
  get active(): readonly Participant[] {
    return this.#active;
  }

  /** @param reasons why those who are no longer listed have left, as far as known */
  sync(
    infos: ReadonlyMap<string, ParticipantInfo>,
    localId: string | null,
    reasons: ReadonlyMap<string, LeaveReason> = new Map(),
  ): void {
    for (const [id, participant] of this.#all) {
      if (infos.has(id) && participant.isLocal === (id === localId)) continue;
      this.#all.delete(id);
      participant.speak(null);
      participant.emit('left', reasons.get(id) ?? null);
    }
    for (const [id, info] of infos) {
      const known = this.#all.get(id);
      if (known) known.update(info);
      else this.#all.set(id, new Participant(info, id === localId, this.#actions));
    }
  }

  /** Levels in dBov by id. Returns whether other people speak than before. */
  setLevels(levels: ReadonlyMap<string, number>): boolean {
    const before = new Set(this.#active);
    for (const participant of before) if (!levels.has(participant.id)) participant.speak(null);
    const active: Participant[] = [];
    for (const [id, levelDbov] of levels) {
      const participant = this.#all.get(id);
      participant?.speak(levelDbov);
      if (participant) active.push(participant);
    }
    this.#active = active.sort((a, b) => (b.levelDbov ?? 0) - (a.levelDbov ?? 0));
    return active.length !== before.size || active.some((participant) => !before.has(participant));
  }
}
