import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import { companionName } from './companions.ts';
import type { Moderation } from './moderation.ts';
import { Participant } from './participant.ts';
import type { ParticipantRoom } from './participant-options.ts';
import type { Resumed, ResumeTokens } from './resume-token.ts';
import type { JoinOptions } from './room-options.ts';

/** What a room gives to everyone who enters. */
export interface Entrance {
  readonly room: ParticipantRoom;
  readonly moderation: Moderation;
  readonly resumes: ResumeTokens;
  readonly resumeTimeoutMs: Millis;
  readonly clock: Clock;
  /** Has the room as a field. */
  readonly log: Logger;
}

/**
 * Somebody who enters a room. `previous`: they take that place, with its id and secret, and have the same restrictions.
 * `before`: they come from another server, where they had this id.
 */
export function createParticipant(
  { name, admission, state, hasMicrophone = true, via, listener, owner }: JoinOptions,
  { previous, before }: { readonly previous: Participant | undefined; readonly before: Resumed | undefined },
  { room, moderation, resumes, resumeTimeoutMs, clock, log }: Entrance,
): Participant {
  const id = previous?.id ?? before?.id ?? randomUUID();
  return new Participant({
    id,
    name: owner === undefined ? name : companionName(owner.name),
    admission,
    state,
    hasMicrophone,
    via,
    owner,
    mutedByModerator:
      previous?.mutedByModerator ??
      (owner === undefined ? moderation.isMuted(admission, id) : moderation.isSoundMuted(owner)),
    mutedInChat: previous?.mutedInChat ?? moderation.isMutedInChat(admission, id),
    returning: previous?.returning ?? false,
    // Constant for the whole life of the id, because the `joined` message with a new one could get lost.
    resumeToken:
      previous?.resumeToken ?? resumes.issue(owner === undefined ? { id, room: room.key(), admission } : undefined),
    joinedAtMs: previous?.joinedAtMs ?? clock.wallNow(),
    listener,
    room,
    resumeTimeoutMs,
    clock,
    log: log.child({ participant: id }),
  });
}
