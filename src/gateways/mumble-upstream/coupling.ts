/**
 * One room that is coupled with one channel of another Mumble server. The people of the channel are participants of the
 * room, and its people are users there. Once a second, and whenever something happens, everything is compared with what
 * it should be, so no order of events can confuse it.
 */
import type { Cancel, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { MumbleNews } from '../../protocol/mumble-news.ts';
import type { RoomEvent } from '../../rooms/events.ts';
import { roomKey } from '../../rooms/names.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { Room } from '../../rooms/room.ts';
import { Bridge } from '../mumble/shared/bridge.ts';
import { RoomVoices } from '../mumble/shared/room-voices.ts';
import { NORMAL_TARGET } from '../mumble/wire/voice-packet.ts';
import { type AwayReason, Ear } from './ear.ts';
import { Mouths } from './mouths.ts';
import { News } from './news.ts';
import type { ServerUser } from './server-roster.ts';
import { Texts } from './texts.ts';
import type { Upstream } from './upstream.ts';
import { Visitors } from './visitors.ts';

export interface CouplingOptions {
  readonly room: string;
  /** The names of the channel from the root down. */
  readonly path: readonly string[];
  readonly upstream: Upstream;
  /** The name of the room that is coupled with this channel, if there is one. */
  readonly roomOfChannel: (channelId: number) => string | undefined;
}

/** After that it is looked at again what has changed, however often the server says something. */
const UPDATE_EVERY_MS: Millis = 50;
/** Shouted to the channel. */
const SHOUT = 1;

/** What goes out of the room while it is open. */
interface Outlet {
  readonly room: Room;
  readonly voices: RoomVoices;
  readonly bridge: Bridge;
}

export class Coupling {
  readonly #options: CouplingOptions;
  readonly #key: string;
  readonly #ear: Ear;
  readonly #visitors: Visitors;
  readonly #mouths: Mouths;
  readonly #texts: Texts;
  readonly #news = new News();
  /** Whom somebody on the server has muted, and whether they are muted here because of that alone. */
  readonly #mutedThere = new WeakMap<Participant, boolean>();
  /** Whom our ear has muted there, because a moderator has muted them here. */
  readonly #mutedByUs = new Set<number>();
  /** Whom our ear has deafened there, because they may not be in the room, and whether they were muted before. */
  readonly #deafenedByUs = new Map<number, boolean>();
  /** Whom somebody on the server has moved, and where. */
  readonly #moved = new Map<Participant, number>();
  #outlet: Outlet | undefined;
  #isDue = false;
  #updatedMs: Millis = Number.NEGATIVE_INFINITY;
  #cancelUpdate: Cancel = () => {};
  #isClosed = false;

  constructor(options: CouplingOptions) {
    const { room, path, upstream } = options;
    this.#options = options;
    this.#key = roomKey(room);
    const changed = () => this.#changed();
    this.#visitors = new Visitors(room, upstream, {
      changed: () => {
        this.#setBridge();
        this.#changed();
      },
      came: (visitor) => {
        this.#setBridge();
        this.#texts.came(visitor);
      },
      roomEvent: (event) => this.#roomEvent(event),
      told: (visitor, event) => this.#texts.toVisitor(visitor, event),
    });
    this.#mouths = new Mouths(upstream, {
      changed: () => {
        // Whoever has a client of their own now is not said a second time.
        this.#setBridge();
        this.#changed();
      },
      text: (mouth, text) => this.#texts.fromUserTo(mouth, text),
      moved: (participant, channelId) => this.#moved.set(participant, channelId),
      removed: (participant) => this.#remove(participant),
    });
    this.#ear = new Ear(path, upstream, {
      changed,
      voice: ({ target, session, ...voice }) => {
        // Whispers are for the listener alone, who is nobody.
        if (target > SHOUT) return;
        const normal = { ...voice, session, target: NORMAL_TARGET };
        this.#visitors.receive(session, normal, upstream.options.clock.now());
      },
      text: (text) => this.#texts.fromUser(text),
    });
    this.#texts = new Texts({
      ear: this.#ear,
      visitors: this.#visitors,
      mouths: this.#mouths,
      room: () => this.#room,
      clock: upstream.options.clock,
    });
  }

  get room(): string {
    return this.#options.room;
  }

  get channelId(): number | undefined {
    return this.#ear.channelId;
  }

  get isConnected(): boolean {
    return this.#ear.client !== undefined;
  }

  get failures(): number {
    return this.#ear.failures;
  }

  /** Users of the other server who are in the room. */
  get visitors(): number {
    return this.#visitors.size;
  }

  /** Call about once a second. */
  look(): void {
    if (this.#isClosed) return;
    this.#applyMoves();
    this.#ear.look();
    this.#visitors.look();
    this.#update();
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelUpdate();
    this.#closeOutlet();
    for (const session of [...this.#deafenedByUs.keys()]) this.#undeafen(session);
    this.#visitors.clear('left');
    this.#mouths.close();
    this.#ear.close();
  }

  get #room(): Room | undefined {
    for (const room of this.#options.upstream.options.registry.rooms) if (room.key === this.#key) return room;
    return undefined;
  }

  /** People who are here, not there. */
  #peopleHere(): ReadonlySet<Participant> {
    const people = new Set(this.#room?.everybody);
    for (const { participant } of this.#visitors.all) people.delete(participant);
    return people;
  }

  /** However much happens at once, it is looked at once, when the room has told everybody. */
  #changed(): void {
    if (this.#isDue || this.#isClosed) return;
    this.#isDue = true;
    const update = () => {
      this.#isDue = false;
      if (!this.#isClosed) this.#update();
    };
    const { clock } = this.#options.upstream.options;
    const dueMs = this.#updatedMs + UPDATE_EVERY_MS;
    if (clock.now() >= dueMs) queueMicrotask(update);
    else this.#cancelUpdate = clock.setTimer(dueMs, update);
  }

  #update(): void {
    const client = this.#ear.client;
    this.#updatedMs = this.#options.upstream.options.clock.now();
    const { registry } = this.#options.upstream.options;
    const before = this.#peopleHere();
    if (client === undefined) this.#visitors.clear('connection_lost');
    // The server is draining, and nobody is left here.
    else if (registry.draining !== null && before.size === 0) this.#visitors.clear('left');
    else this.#visitors.set(this.#usersThere(), registry.draining === null);
    const here = this.#peopleHere();
    this.#openOutlet();
    this.#mouths.set(new Set([...here].filter(isPerson)), this.#serverView());
    this.#setBridge();
    this.#applyMutes();
    this.#applyRefusals();
    this.#texts.look();
    this.#news.tell(here, (participant) => this.#newsFor(participant));
  }

  /** Everybody who hears the channel, but our own. */
  #usersThere(): ReadonlyMap<number, ServerUser> {
    const { client, channelId } = this.#ear;
    const { upstream } = this.#options;
    const users = new Map<number, ServerUser>();
    if (client === undefined || channelId === undefined) return users;
    const channels = client.roster.linkedTo(channelId);
    for (const [session, user] of client.roster.users) {
      const hears = channels.has(user.channelId) || [...user.listensTo].some((id) => channels.has(id));
      if (hears && !upstream.isOurs(user)) users.set(session, user);
    }
    return users;
  }

  #serverView() {
    const { client, channelId } = this.#ear;
    if (client === undefined || channelId === undefined || this.#isWithheld) return undefined;
    const others = [...client.roster.users.values()].filter((user) => !this.#options.upstream.isOurs(user));
    const names = new Set(others.map(({ name }) => name.toLowerCase()));
    const isTaken = (name: string) => names.has(name);
    return { channelId, others: others.length, maxUsers: client.maxUsers, isTaken };
  }

  get #isWithheld(): boolean {
    return this.#visitors.hasStranger;
  }

  #openOutlet(): void {
    const room = this.#ear.client === undefined ? undefined : this.#room;
    if (this.#outlet?.room === room) return;
    this.#closeOutlet();
    if (room === undefined) return;
    const { clock } = this.#options.upstream.options;
    this.#outlet = {
      room,
      voices: new RoomVoices({
        room,
        clock,
        sessionOf: (participant) => (this.#visitors.has(participant) ? undefined : 0),
        voice: (participant, voice) => {
          if (!this.#isWithheld && this.#ear.client !== undefined) this.#mouths.of(participant)?.say(voice);
        },
      }),
      bridge: new Bridge({ room, session: 0, clock, say: (voice) => this.#ear.say(voice) }),
    };
  }

  #closeOutlet(): void {
    this.#outlet?.voices.close();
    this.#outlet?.bridge.close();
    this.#outlet = undefined;
  }

  /** In a space everybody is heard from somewhere, which only the mix can do. */
  #setBridge(): void {
    if (this.#outlet === undefined) return;
    const { room, bridge } = this.#outlet;
    const without: number[] = [];
    const isSpace = room.space.view !== null;
    for (const participant of room.all) {
      const seatId = participant.seat?.id;
      if (seatId === undefined) continue;
      const hasMouth = !isSpace && this.#mouths.of(participant) !== undefined;
      if (hasMouth || this.#visitors.has(participant)) without.push(seatId);
    }
    bridge.set(without, !this.#isWithheld && this.#ear.client !== undefined);
  }

  /** What moderators have decided on one side is shown on the other, as far as the other side lets us. */
  #applyMutes(): void {
    const room = this.#room;
    for (const mouth of this.#mouths.all) {
      const { participant, isMutedThere } = mouth;
      if (isMutedThere === this.#mutedThere.has(participant)) continue;
      // What a moderator here has decided is not undone there.
      const isOurDoing = isMutedThere ? !participant.mutedByModerator : this.#mutedThere.get(participant) === true;
      if (isMutedThere) this.#mutedThere.set(participant, isOurDoing);
      else this.#mutedThere.delete(participant);
      if (isOurDoing) room?.moderate({ type: 'mute_participant', participantId: participant.id, muted: isMutedThere });
    }
    for (const { participant, user } of this.#visitors.all) {
      const { session } = user;
      const isMutedByUs = this.#mutedByUs.has(session);
      if (participant.mutedByModerator === isMutedByUs) continue;
      if (isMutedByUs) this.#mutedByUs.delete(session);
      else this.#mutedByUs.add(session);
      this.#ear.client?.muteOther(session, !isMutedByUs);
    }
    for (const session of this.#mutedByUs)
      if (this.#visitors.of(session) === undefined) this.#mutedByUs.delete(session);
  }

  /** Whoever may not be in the room does not hear it there, either, as far as the server lets us. */
  #applyRefusals(): void {
    const { client } = this.#ear;
    // They may still be there, and deaf, when the connection is back.
    if (client === undefined) return;
    for (const [session, { mute, deaf }] of client.roster.users) {
      if (deaf || this.#deafenedByUs.has(session) || !this.#visitors.isUnwanted(session)) continue;
      this.#deafenedByUs.set(session, mute);
      client.deafenOther(session);
    }
    for (const session of [...this.#deafenedByUs.keys()])
      if (!this.#visitors.isUnwanted(session)) this.#undeafen(session);
  }

  /** Our doing is undone, also for those who have left the channel, but not if somebody there has undone it before. */
  #undeafen(session: number): void {
    const wasMuted = this.#deafenedByUs.get(session) === true;
    this.#deafenedByUs.delete(session);
    const client = this.#ear.client;
    if (client?.roster.users.get(session)?.deaf) client.undeafenOther(session, wasMuted);
  }

  #newsFor(participant: Participant): MumbleNews {
    const { client, away } = this.#ear;
    if (client === undefined) return away === null ? { state: 'connected' } : awayNews(away);
    if (this.#isWithheld) return { state: 'withheld' };
    const mouth = this.#mouths.of(participant);
    if (mouth?.isSuppressed) return { state: 'silenced' };
    const isShared = mouth === undefined && isPerson(participant);
    return isShared ? { state: 'shared', name: client.name } : { state: 'connected' };
  }

  #roomEvent(event: RoomEvent): void {
    if (event.type === 'levels') return;
    this.#changed();
    this.#texts.toAll(event);
  }

  /** Whoever was moved goes along, unless all were, because the channel is gone. */
  #applyMoves(): void {
    const moved = [...this.#moved];
    this.#moved.clear();
    if (this.#ear.client === undefined) return;
    for (const [participant, channelId] of moved) {
      const to = this.#options.roomOfChannel(channelId);
      if (to === undefined) this.#remove(participant);
      else this.#goTo(to, participant);
    }
  }

  #goTo(room: string, participant: Participant): void {
    try {
      this.#options.upstream.options.registry.move(this.room, participant.id, room);
    } catch (thrown) {
      // It is full, or they are there already.
      if (!(thrown instanceof AppError)) throw thrown;
    }
  }

  #remove(participant: Participant): void {
    if (this.#peopleHere().has(participant))
      this.#room?.moderate({ type: 'kick', participantId: participant.id, banSeconds: 0 });
  }
}

/** Programs speak through the one who speaks for many. */
function isPerson({ view: { via } }: Participant): boolean {
  return via === undefined || via === 'websocket' || via === 'mumble';
}

function awayNews(reason: AwayReason): MumbleNews {
  return { state: 'away', reason };
}
