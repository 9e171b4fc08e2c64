/**
 * Who is in a room. A room with more than some hundred people lists only some of them to clients that understand pages:
 * moderators, those who have raised a hand, who have spoken lately, and what is shared. The others are asked for.
 */
import type { ParticipantInfo } from './participant-info.ts';

export type LeaveReason = 'left' | 'connection_lost' | 'kicked' | 'moved';

/** `hidden`: they are still here, but no longer listed. Only to clients that understand pages. */
export type ListedUntil = LeaveReason | 'hidden';

/** Part of `joined` and `moved`. */
export interface PeopleCount {
  /**
   * How many people are in the room, if `participants` does not list all of them; otherwise omitted. Who is listed later
   * comes with `participant_updated`.
   */
  readonly count?: number;
}

/** Asks for people who may not be listed, at most 100, in order of their arrival. */
export interface PeopleRequest {
  readonly type: 'list_people';
  /** `next` of the page before; omitted for the first. */
  readonly after?: string | undefined;
  /** Part of a name. Case and accents do not matter. */
  readonly search?: string | undefined;
  /** Comes back in `people_page`, or in the error. */
  readonly requestId?: number | undefined;
}

export type PeopleNews =
  | { readonly type: 'participant_joined'; readonly participant: ParticipantInfo }
  /** Of somebody who is listed, or from now on. */
  | { readonly type: 'participant_updated'; readonly participant: ParticipantInfo }
  /** Sent when many change at the same time in a large room. */
  | { readonly type: 'participants_updated'; readonly participants: readonly ParticipantInfo[] }
  | { readonly type: 'participant_left'; readonly participantId: string; readonly reason: ListedUntil }
  /** Like the next, for clients that accept batches. May list participants that the client knows, including itself. */
  | { readonly type: 'participants_joined'; readonly participants: readonly ParticipantInfo[] }
  /** It may list participants that the client does not know. */
  | {
      readonly type: 'participants_left';
      readonly participants: readonly { readonly participantId: string; readonly reason: ListedUntil }[];
    }
  /**
   * So many people are in the room now. With `participants` these replace all who were listed but oneself, and without
   * `count` they are everyone.
   */
  | ({ readonly type: 'people'; readonly participants?: readonly ParticipantInfo[] } & PeopleCount)
  | {
      readonly type: 'people_page';
      readonly participants: readonly ParticipantInfo[];
      /** For the next request; null after the last page. */
      readonly next: string | null;
      readonly requestId?: number;
    };
