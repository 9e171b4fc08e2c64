/** What a session of a Mumble client needs, and whom it tells. */
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { EntranceOptions } from './entrance.ts';
import type { Roster } from './roster.ts';
import type { MumbleSession } from './session.ts';
import type { CryptKeys } from './wire/crypt-state.ts';
import type { MumbleVoice } from './wire/voice-packet.ts';

export interface MumbleSessionOptions extends EntranceOptions {
  readonly registry: RoomRegistry;
  readonly roster: Roster;
  /** The room where people without another wish begin; undefined: none. */
  readonly defaultRoom: string | undefined;
  readonly welcome: string;
  readonly version: string;
  readonly maxUsers: () => number;
  /** New keys for the encryption of UDP. */
  readonly newKeys: () => CryptKeys;
  /** Of the client, as limits count it, and for the operator. */
  readonly from: string;
  readonly address: string | null;
  /** The client is in. */
  readonly loggedIn: () => void;
  /** Something has happened that Mumble clients should see, soon. */
  readonly changed: () => void;
  /** Reads the rooms now. */
  readonly refresh: () => void;
  /** The room of this session is another one now; null: none. */
  readonly roomChanged: (session: MumbleSession) => void;
  /** Something is played in its room that is no participant. */
  readonly hearsSounds: (session: MumbleSession) => boolean;
  /** The client whispers to people of its room; `voice` is reused for the next packet. */
  readonly whispered: (session: MumbleSession, talker: Participant, voice: MumbleVoice) => void;
  /** The session has ended. At most once. */
  readonly ended: (session: MumbleSession) => void;
  readonly clock: Clock;
  readonly log: Logger;
}
