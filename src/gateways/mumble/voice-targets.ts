/**
 * To whom one Mumble client whispers and shouts. It says beforehand whom each of its targets means, and with each packet
 * which target that is for. Such a packet goes to those people or channels of the room, and never to the room: the voice
 * is led there before the first packet, and back to the room only after the last one was played or forgotten.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { ROOM_CHANNEL } from '../../media/plane.ts';
import { MAX_CHANNELS, MAX_NAME_LENGTH, MAX_WHISPERED } from '../../protocol/bounds.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import type { TalkTarget } from '../../rooms/talk.ts';
import type { Roster } from './roster.ts';
import type { Membership } from './shared/membership.ts';
import { Talker } from './shared/talker.ts';
import { type MESSAGES, WHISPER_TARGET } from './wire/messages.ts';
import { decodeMessage, type MessageOf } from './wire/protobuf.ts';
import { LOOPBACK_TARGET, type MumbleVoice, NORMAL_TARGET, WHISPER_CONTEXT } from './wire/voice-packet.ts';

export interface VoiceTargetsOptions {
  readonly session: number;
  readonly roster: Pick<Roster, 'participantOf' | 'channelOf'>;
  readonly roomOf: (talker: Participant) => Room;
  /** Passes one packet of a whisper on to Mumble clients; the object is reused for the next. */
  readonly whispered: (talker: Participant, voice: MumbleVoice) => void;
  readonly clock: Clock;
}

type Wanted = MessageOf<typeof WHISPER_TARGET>;
type Definition = MessageOf<(typeof MESSAGES)['voiceTarget']>;

const MAX_TARGETS = 16;
/** People whom a target names, with those who are not here (any more). */
const MAX_NAMED = 256;
/** How often a target is looked up: those that mean nobody are, with each packet, and nothing else limits packets. */
const LOOK_UPS = { perSecond: 20, burst: 20 };
const NOTHING: Uint8Array = new Uint8Array(0);

/** After the end of a talkspurt, the buffer of the mixer has something to play for so long. */
const TAIL_MS: Millis = 400;
/** Terminators get lost. */
const PAUSE_MS: Millis = 1000;
/** What sounds when a buffer is emptied fades for one tick; so long is nothing let through. */
const FADE_MS: Millis = 100;
const LOOK_MS: Millis = 50;
/** A frame of Mumble: 10 ms. */
const UNIT_SAMPLES = 480;
const TO_ROOM: TalkTarget = { room: true, channels: [], to: [] };

/** Where the voice of the client goes instead of the room. */
interface Lead {
  readonly target: number;
  readonly membership: Membership;
  readonly roomKey: string;
  /** The room is not to hear it. */
  readonly isPrivate: boolean;
}

export class VoiceTargets {
  readonly #options: VoiceTargetsOptions;
  readonly #defined = new Map<number, readonly Wanted[]>();
  /** Of whispers, as other Mumble clients get them. */
  readonly #talker: Talker;
  readonly #lookUps: TokenBucket;
  readonly #place = { seatId: 0, stream: 0, arrivalMs: 0, timestamp: 0, levelDbov: null, payload: NOTHING };
  #lead: Lead | null = null;
  /** Nothing is let through any more before the voice is led back. */
  #isFading = false;
  /** When the next step back to the room is due, unless another packet comes. */
  #untilMs: Millis = 0;
  #cancelLook: Cancel | null = null;

  constructor(options: VoiceTargetsOptions) {
    this.#options = options;
    this.#talker = new Talker(options.session, false);
    this.#lookUps = new TokenBucket({ ...LOOK_UPS, now: options.clock.now() });
  }

  /** The client says whom a target means. False if it means nobody to whom they may speak. */
  define({ id = 0, targets }: Definition, participant: Participant | null): boolean {
    if (id <= NORMAL_TARGET || id >= LOOPBACK_TARGET) return false;
    this.#defined.delete(id);
    // Without any, a target is to be forgotten.
    if (targets.length === 0) return true;
    const wanted = targets.slice(0, MAX_TARGETS).flatMap((bytes) => decodeMessage(WHISPER_TARGET, bytes) ?? []);
    if (participant === null || !isBounded(wanted) || this.#meaning(wanted, participant) === null) return false;
    this.#defined.set(id, wanted);
    return true;
  }

  /**
   * Whether a packet of the client may go into the mixer now. What is for a target then goes there, and nowhere else;
   * what is for the room waits until that is over.
   */
  admits(target: number, membership: Membership, nowMs: Millis): boolean {
    this.moved(membership);
    const lead = this.#lead;
    if (lead === null) return target === NORMAL_TARGET || this.#leadTo(target, membership, nowMs);
    if (this.#isFading) return false;
    if (target !== lead.target) {
      this.#fade(lead);
      return false;
    }
    this.#untilMs = nowMs + PAUSE_MS;
    return !lead.isPrivate || isAway(membership.participant);
  }

  /** A packet that was admitted for a target has gone into the mixer. Passes whispers on to Mumble clients. */
  passed({ frameNumber, opus, isLast }: Readonly<MumbleVoice>, { participant }: Membership, nowMs: Millis): void {
    const place = this.#place;
    place.timestamp = (frameNumber * UNIT_SAMPLES) % 2 ** 32;
    place.payload = opus;
    this.#whisper(participant, this.#talker.take(place, true, nowMs));
    if (!isLast) return;
    this.#untilMs = nowMs + TAIL_MS;
    this.#endTalkspurt(participant);
  }

  /** Call when the client's user may be in another room: what was begun elsewhere is not said there. */
  moved(membership: Membership): void {
    const lead = this.#lead;
    if (lead === null || lead.membership !== membership || lead.roomKey === membership.participant.roomKey) return;
    this.#lead = { ...lead, roomKey: membership.participant.roomKey };
    this.#fade(lead);
  }

  /** The client's user is in no room any more. */
  reset(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#lead = null;
    this.#isFading = false;
    this.#talker.finish();
    this.#place.stream++;
  }

  #leadTo(target: number, membership: Membership, nowMs: Millis): boolean {
    const { participant } = membership;
    const wanted = this.#defined.get(target);
    if (wanted === undefined || !this.#lookUps.take(nowMs)) return false;
    const meaning = this.#meaning(wanted, participant);
    if (meaning === null) return false;
    try {
      participant.talkTo(meaning);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      return false;
    }
    const isPrivate = !meaning.room && meaning.shout !== true;
    this.#lead = { target, membership, roomKey: participant.roomKey, isPrivate };
    this.#untilMs = nowMs + PAUSE_MS;
    this.#look();
    return !isPrivate || isAway(participant);
  }

  #look(): void {
    const { clock } = this.#options;
    this.#cancelLook ??= clock.setTimer(clock.now() + LOOK_MS, () => {
      this.#cancelLook = null;
      const lead = this.#lead;
      if (lead === null) return;
      if (clock.now() < this.#untilMs) this.#look();
      else if (!this.#isFading) this.#fade(lead);
      else {
        this.reset();
        lead.membership.participant.talkTo(TO_ROOM);
      }
    });
  }

  #fade({ membership }: Lead): void {
    this.#isFading = true;
    membership.forgetVoice();
    this.#endTalkspurt(membership.participant);
    this.#untilMs = this.#options.clock.now() + FADE_MS;
    this.#look();
  }

  #endTalkspurt(participant: Participant): void {
    this.#whisper(participant, this.#talker.finish());
    this.#place.stream++;
  }

  #whisper(participant: Participant, voice: MumbleVoice | null): void {
    if (voice === null) return;
    voice.target = WHISPER_CONTEXT;
    this.#options.whispered(participant, voice);
  }

  /** Null if it means nobody to whom they may speak. */
  #meaning(wanted: readonly Wanted[], participant: Participant): TalkTarget | null {
    const { roster, roomOf } = this.#options;
    const room = roomOf(participant);
    const channels: string[] = [];
    const to: string[] = [];
    let isToRoom = false;
    let shout = false;
    for (const { sessions, channelId, group = '', links = false } of wanted) {
      for (const session of sessions) {
        const id = roster.participantOf(session);
        if (id !== undefined && id !== participant.id && room.members.byId.has(id)) to.push(id);
      }
      // The only channel that somebody may speak in is their own room; a group is a channel of that.
      if (channelId === undefined || channelId !== roster.channelOf(room.key)) continue;
      if (group === '') isToRoom = true;
      else channels.push(group);
      shout ||= links;
    }
    const isNobody = !isToRoom && channels.length + to.length === 0;
    const isTooMany = channels.length > MAX_CHANNELS || to.length > MAX_WHISPERED;
    const mayWhisper = to.length === 0 || room.sound.viewFor(participant).mayWhisper;
    if (isNobody || isTooMany || !mayWhisper) return null;
    if (channels.some((name) => room.sound.channelNumber(name) === undefined)) return null;
    return { room: isToRoom, channels, to, shout: shout && isToRoom };
  }
}

/** It is kept, so it must not be long. */
function isBounded(wanted: readonly Wanted[]): boolean {
  let named = 0;
  for (const { sessions, group = '' } of wanted) {
    if (group.length > MAX_NAME_LENGTH) return false;
    named += sessions.length;
  }
  return named <= MAX_NAMED;
}

/** What they say does not go to the room, whatever has happened to it since they wanted that. */
function isAway({ sound: { plan } }: Participant): boolean {
  return plan !== undefined && !plan.speaksInto.includes(ROOM_CHANNEL);
}
