// Written by scripts/generate.mjs from web/sdk/index.ts.

/** The code of an error. Stable, for programs. */
export type ErrorCode = 'malformed_message' | 'unknown_type' | 'message_too_large' | 'too_many_messages' | 'join_timeout' | 'not_joined' | 'already_joined' | 'invalid_name' | 'sign_in_failed' | 'name_reserved' | 'invalid_room' | 'room_locked' | 'password_required' | 'wrong_password' | 'token_required' | 'token_invalid' | 'token_expired' | 'not_allowed' | 'unknown_participant' | 'invalid_channel' | 'no_space' | 'too_many_bodies' | 'unknown_channel' | 'too_many_channels' | 'not_linked' | 'channel_full' | 'chat_off' | 'invalid_text' | 'too_many_lines' | 'slow_mode' | 'unknown_line' | 'not_delivered' | 'too_many_data' | 'data_too_large' | 'files_off' | 'file_too_large' | 'too_many_files' | 'no_space_for_files' | 'unknown_chat_file' | 'too_many_shares' | 'owner_left' | 'unknown_ban' | 'too_many_bans' | 'kicked' | 'capture_off' | 'capture_running' | 'recording_off' | 'recording_running' | 'no_recording' | 'unknown_recording' | 'unknown_file' | 'too_many_recordings' | 'disk_full' | 'recording_failed' | 'no_converter' | 'range_not_satisfiable' | 'players_off' | 'unknown_sound' | 'unknown_player' | 'too_many_players' | 'unsupported_media' | 'bots_off' | 'buffer_full' | 'room_full' | 'too_many_rooms' | 'too_many_rooms_of_address' | 'sdp_too_large' | 'invalid_sdp' | 'unusable_offer' | 'cannot_restart' | 'media_unavailable' | 'room_elsewhere' | 'server_busy' | 'whip_off' | 'live_off' | 'nothing_to_hear' | 'unknown_session' | 'etag_required' | 'etag_wrong' | 'forbidden_target' | 'unknown_forward' | 'route_loop' | 'unknown_route' | 'too_many_routes' | 'rtp_off' | 'rtp_port_taken' | 'unknown_rtp' | 'too_many_rtp' | 'too_many_forwards' | 'unknown_listener' | 'forbidden_origin' | 'unknown_host' | 'rate_limited' | 'too_many_offers' | 'too_many_connections' | 'replaced' | 'server_draining' | 'room_closed' | 'unknown_room' | 'room_exists' | 'identity_present' | 'tokens_off' | 'api_off' | 'admin_token_required' | 'admin_token_wrong' | 'not_found' | 'method_not_allowed' | 'invalid_request' | 'request_too_large' | 'unsupported_media_type' | 'server_closing' | 'internal';

/** A channel that a participant belongs to or may join. */
export interface ChannelView {
    readonly name: string;
    /** They may join and leave it by themselves. */
    readonly open: boolean;
    readonly speaks: boolean;
    readonly hears: boolean;
}

/** How someone speaks to this participant, other than to everyone in the room. */
export interface TalkView {
    readonly participantId: string;
    /** Of the channels that this participant hears, those in which the other speaks. */
    readonly channels: readonly string[];
    /** The other whispers to this participant. */
    readonly whispers: boolean;
}

/** Somebody who shouts in a linked room, and is heard here. */
interface ShouterView {
    /** Their participant id there. */
    readonly id: string;
    readonly name: string;
    /** The name of that room. */
    readonly room: string;
}

/** A file that somebody has sent. It is at `/files/ID?key=KEY`, with the `fileKey` of whoever reads it. */
export interface ChatFile {
    readonly id: string;
    readonly name: string;
    readonly bytes: number;
    /** That of an image that browsers show, as its content says, or `application/octet-stream`. */
    readonly type: string;
}

/** One line. */
export interface ChatLine {
    /** Unique, also across rooms and restarts. */
    readonly id: string;
    /** The id of the participant who wrote it. They may have left. */
    readonly from: string;
    /** As in `ParticipantInfo`, when they wrote it. */
    readonly identity: string | null;
    readonly name: string;
    /** Plain text of 1 to 2000 UTF-16 units, with line breaks (`\n`); with a file it may be empty. */
    readonly text: string;
    /** In milliseconds since 1970. */
    readonly atMs: number;
    /** The ids of the participants mentioned in it. */
    readonly mentions: readonly string[];
    readonly edited: boolean;
    readonly file?: ChatFile;
}

/** The rules of a room's chat. */
export interface ChatRules {
    /** How many lines the server keeps for people who come later; 0: none. */
    readonly keptLines: number;
    /** It keeps them for this long, and never longer than the room exists. */
    readonly keptHours: number;
    /** Slow mode: how long one person waits between two lines; 0: off. Moderators do not wait. */
    readonly slowModeSeconds: number;
    /** Omitted if the server takes no files. */
    readonly files?: FileRules;
}

export interface FileRules {
    /** Of one file. */
    readonly maxBytes: number;
    /** It is kept for this long, and never longer than the room exists. */
    readonly keptMinutes: number;
}

/** How others get into a room: by its name, with its password as well, or only with a join token each. */
export type RoomEntry = 'open' | 'password' | 'token';

/** What the others can expect to hear from someone: without a microphone, or muted, nothing. */
type MicrophoneState = 'none' | 'muted' | 'open';

/** How well sound gets through to someone and back. */
export type ConnectionGrade = 'good' | 'fair' | 'poor';

export interface ParticipantInfo {
    readonly id: string;
    /** The claim `sub` of their join token; null without a token. */
    readonly identity: string | null;
    readonly name: string;
    readonly maySpeak: boolean;
    readonly mayModerate: boolean;
    readonly muted: boolean;
    /** Muted by a moderator: cannot unmute until a moderator allows it. */
    readonly mutedByModerator: boolean;
    readonly deafened: boolean;
    readonly microphone: MicrophoneState;
    /** The media connection is established: this participant can hear and, unless muted, be heard. */
    readonly connected: boolean;
    /** The server's operator is recording what this participant says and hears, for troubleshooting. */
    readonly captured: boolean;
    /** They want to say something; omitted if not. */
    readonly handRaised?: boolean;
    /** They are not at the computer; omitted if they are. */
    readonly away?: boolean;
    /** Of their media, as the server sees it; omitted if it is good, or nothing is known yet. */
    readonly connection?: ConnectionGrade;
    /**
     * How they are here, if not by a page. `whip` is a source such as OBS, `bot` a program that may also listen, and `rtp`
     * what the operator takes in by RTP: these are no people. `mumble` is a person with a Mumble client, `websocket` one
     * whose sound goes over a WebSocket because WebRTC does not get through. Omitted for everybody else.
     */
    readonly via?: 'whip' | 'bot' | 'rtp' | 'mumble' | 'websocket';
    /** False if they may not write in the chat, because of their token or a moderator; otherwise omitted. */
    readonly mayChat?: boolean;
    /** `music`: this is not a person, but a sound that its owner shares beside their voice. Otherwise omitted. */
    readonly role?: 'music';
    /** The id of the participant who shares it. */
    readonly owner?: string;
}

/** One file for everybody, one for each participant, or both. */
export type RecordingTracks = 'mix' | 'participants' | 'both';

/** Why a recording has ended. */
export type RecordingEndReason = 'stopped'
/** The room was closed, or everybody left a room that is always recorded. */
 | 'room_ended'
/** It reached its longest duration. */
 | 'time'
/** The recordings of the server together have reached their largest size. */
 | 'size' | 'disk_full' | 'disk_failed' | 'server_closing'
/** The server died; the files were repaired when it started again. */
 | 'interrupted';

export interface RecordingView {
    /** For how long it has been running, in milliseconds. */
    readonly forMs: number;
    readonly tracks: RecordingTracks;
    /** Nobody is heard until they have agreed (`agreesToRecording` in `state`). */
    readonly needsConsent: boolean;
    /** So many programs are given what is said, and may keep it; omitted for none. It may be all that there is. */
    readonly programs?: number;
}

export interface ListedPerson {
    readonly name: string;
    readonly speaking: boolean;
}

export interface ListedRoom {
    /** With slashes for a place in the tree of rooms. */
    readonly name: string;
    /** The operator's, for people who choose a room; empty for none. */
    readonly description: string;
    readonly entry: RoomEntry;
    readonly locked: boolean;
    /** It exists also while nobody is in it. */
    readonly permanent: boolean;
    /** Lower numbers come first; rooms with the same number are in the order of their names. */
    readonly order: number;
    /** Null if people outside are not told: it is locked, or needs a password or a token. */
    readonly participants: number | null;
    /** Some of them: not all in a large room, or if there are very many rooms. */
    readonly people: readonly ListedPerson[];
}

export type LeaveReason = 'left' | 'connection_lost' | 'kicked' | 'moved';

/** What the rules of a room with space allow its clients. */
interface SpaceView {
    /**
     * Who places players. With `tethered`, `pose` moves the ears of the own player, up to `tether` metres from where the
     * game server placed it. With `client`, it moves the player.
     */
    readonly positions: 'server' | 'tethered' | 'client';
    /** In metres. */
    readonly tether: number;
    /** Whether `turn` has an effect: with `client`. */
    readonly turn: 'client' | 'server';
    /** Of positions in `pose`. */
    readonly axes: 'godot' | 'unity' | 'unreal' | 'source';
    readonly metresPerUnit: number;
}

/** To whom this participant speaks. Omitted fields are false or empty. */
export interface TalkTarget {
    /** Everyone in the room. */
    readonly room?: boolean;
    /** Names of channels in which this participant may speak. */
    readonly channels?: readonly string[];
    /** Ids of participants to whom they whisper, 16 at most. */
    readonly to?: readonly string[];
    /** Everyone in the room and in the rooms linked to it (`shoutsTo`). */
    readonly shout?: boolean;
}

export interface ChannelState {
    /** The channels that this participant belongs to or may join. */
    readonly channels: readonly ChannelView[];
    readonly mayWhisper: boolean;
    /** Those who speak to this participant other than to everyone, by id. Show who whispers. */
    readonly talking: ReadonlyMap<string, TalkView>;
    /** The linked rooms to which this participant may shout. */
    readonly shoutsTo: readonly string[];
    /** Those who shout in linked rooms, and are heard here. */
    readonly shouting: readonly ShouterView[];
}

/** Channels of the room, and whispers. */
export declare class Channels {
    #private;
    get state(): ChannelState;
    get target(): TalkTarget;
    /** From now on only these hear this participant. The server answers with an error if that is not allowed. */
    talkTo(target: TalkTarget): void;
    /** Joins an open channel, to hear it and to be allowed to speak in it. */
    join(channel: string): void;
    leave(channel: string): void;
}

/** A line as this participant has received it. */
export interface ChatEntry extends ChatLine {
    /** The id of the only other participant who received it, or null if everyone in the room did. */
    readonly to: string | null;
}

export interface ChatState {
    /** Oldest first. */
    readonly lines: readonly ChatEntry[];
    /** Null: there is no chat in this room. */
    readonly rules: ChatRules | null;
}

export interface SayOptions {
    /** The id of the only participant who receives it. */
    readonly to?: string;
    /** The ids of participants mentioned in it. */
    readonly mentions?: readonly string[];
    /** The id of a file that was uploaded with a grant. */
    readonly file?: string;
}

/** The chat of the room. Texts are as people wrote them: show them as text, and isolate their direction. */
export declare class Chat {
    #private;
    get state(): ChatState;
    /** Writes a line. Resolves when the server has it; rejects with a `VoiceError`, which may have `retryAfterMs`. */
    say(text: string, options?: SayOptions): Promise<void>;
    /**
     * Asks for a place for a file of this size. Resolves with the grant with which it is uploaded, in pieces of at most
     * 256 KiB: POST `/files/new/GRANT?at=OFFSET`.
     */
    offerFile(name: string, bytes: number): Promise<string>;
    /** Changes one's own line. */
    edit(id: string, text: string, mentions?: readonly string[]): Promise<void>;
    /** Deletes one's own line; moderators delete any. */
    unsay(id: string): Promise<void>;
}

/**
 * State of the audio. `blocked`: ten seconds of attempts have failed; UDP probably does not reach the server. `busy`:
 * the server is too busy to accept anyone else; the client asks again from time to time.
 */
export type MediaState = 'connecting' | 'connected' | 'blocked' | 'busy';

/**
 * Why the connection ended: the participant left, the server could not be reached for the first join, the application
 * had no token for it, or the server refused with this code.
 */
export type CloseReason = 'left' | 'unreachable' | 'token_unavailable' | ErrorCode;

export type ConnectionState = {
    readonly status: 'idle';
} | {
    readonly status: 'connecting';
}
/** In the room. Audio flows when `media` is `connected`. */
 | {
    readonly status: 'connected';
    readonly media: MediaState;
}
/**
 * The server cannot be reached, but audio may still flow: `hasSound`. If the server has said why, `reason` is its
 * code; with `server_closing`, no audio flows. `nextTryAtMs` is in the time of `performance.now()`; it lies in the past
 * during an attempt.
 */
 | {
    readonly status: 'reconnecting';
    readonly reason: CloseReason;
    readonly attempt: number;
    readonly nextTryAtMs: number;
    readonly hasSound: boolean;
} | {
    readonly status: 'closed';
    readonly reason: CloseReason;
    readonly message: string;
    /** If it is worth trying again later, or a ban ends: how long that was from then. */
    readonly retryAfterMs?: number;
};

/** Whether audio may flow after the WebSocket was lost for this reason. A server that is closing ends the audio as well. */
declare function hasSound(reason: CloseReason, media: MediaState | undefined): boolean;

/** A message of another participant's program. */
export interface ReceivedData {
    /** The id of the participant; null for the application's server. */
    readonly from: string | null;
    readonly topic: string;
    /** JSON, or bytes if they were sent. */
    readonly payload: unknown;
}

export interface SendOptions {
    /** Ids of participants; omitted: everyone else in the room. */
    readonly to?: readonly string[];
    /** False: left out rather than late, for those whose connection is behind. Right for what the next message replaces. */
    readonly reliable?: boolean;
}

type Listener = (payload: unknown, message: ReceivedData) => void;

/** Messages between the programs of participants. They go through the server, which keeps nothing of them. */
export declare class Data {
    #private;
    /** STUN and TURN servers of the operator, for connections that programs make between browsers. */
    iceServers: readonly RTCIceServer[];
    /** Calls back for each message about this topic. Returns a function that removes the listener. */
    on(topic: string, listener: Listener): () => void;
    /**
     * Sends JSON or bytes, up to 4096 bytes, under a topic of up to 32 characters. Resolves when the server has passed it
     * on; rejects with a `VoiceError`: `too_many_data` beyond ten a second, `data_too_large`, `not_allowed`, …
     */
    send(topic: string, payload: unknown, options?: SendOptions): Promise<void>;
}

/** Why a device cannot be used: a code, and the browser's own words as the message. */
export declare class DeviceError extends Error {
    readonly code: MicrophoneFailure;
    readonly kind: 'audioinput' | 'audiooutput';
}

export interface AudioDevice {
    readonly id: string;
    /** Empty until the person has allowed the microphone. */
    readonly label: string;
}

export interface AudioDevices {
    readonly inputs: readonly AudioDevice[];
    readonly outputs: readonly AudioDevice[];
}

/** The part of `navigator.mediaDevices` that is needed; undefined on an insecure origin. */
type DeviceSource = Pick<MediaDevices, 'enumerateDevices' | 'addEventListener' | 'removeEventListener'>;

/** The microphones and speakers that the browser lists; empty lists if it lists none. */
export declare function listDevices(source?: DeviceSource | undefined): Promise<AudioDevices>;

/**
 * Calls listeners by event name. A listener that throws is reported like any uncaught error and does not affect the
 * others.
 */
declare class Emitter<Events> {
    #private;
    /** Returns a function that removes the listener. */
    on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void;
    /** Like `on`, for the next event only. */
    once<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void;
    /** Removes a listener of `on`. */
    off<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): void;
}

/** As `RTCRtpReceiver.getCapabilities` describes it. */
interface AudioCodec {
    mimeType: string;
    clockRate: number;
    channels?: number;
    sdpFmtpLine?: string;
}

/** The client's access to the browser, as a value that tests can replace. */
interface Environment {
    /** Monotonic time in milliseconds. */
    readonly now: () => number;
    /** Calls back once after `delayMs`. Returns a function that cancels it. */
    readonly setTimer: (delayMs: number, callback: () => void) => () => void;
    /** At least 0, below 1. */
    readonly random: () => number;
    readonly openWebSocket: (url: string) => WebSocket;
    readonly createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
    readonly createStream: (tracks: MediaStreamTrack[]) => MediaStream;
    /** The audio codecs that the browser can receive, in its own order. */
    readonly audioCodecs: () => readonly AudioCodec[];
    /** Null if the browser does not allow storage. */
    readonly storage: () => GainStorage | null;
}

/** The part of a browser's `localStorage` that the memory uses. */
type GainStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** The microphone of this page: opens it on request, measures its level, and notices when it is unplugged. */
export declare class MicrophoneInput {
    #private;
    /** Null while it is closed. */
    get track(): MediaStreamTrack | null;
    /**
     * Asks the person for a microphone. The previous one is released only when the new one is open. Rejects with a
     * `DeviceError`.
     */
    open(request: MicrophoneRequest): Promise<MediaStreamTrack>;
    /** The current level of the microphone in dBFS; -Infinity without one. */
    levelDbfs(): number;
    close(): void;
}

/** Why there is no microphone. Each reason requires a different action from the person. */
export type MicrophoneFailure = 
/** The person, the browser or the system refused. */
'denied'
/** There is no microphone, or not the requested one. */
 | 'none'
/** Another program uses it, or the device failed. */
 | 'in_use'
/** Browsers allow microphones only on https:// and localhost pages. */
 | 'insecure_origin'
/** The browser has no getUserMedia. */
 | 'unsupported'
/** The microphone does not support what was requested. */
 | 'overconstrained' | 'other';

type MicrophoneResult = {
    readonly ok: true;
    readonly track: MediaStreamTrack;
} | {
    readonly ok: false;
    readonly failure: MicrophoneFailure;
    readonly detail: string;
};

/** The browser's processing of the voice before sending. Good for speech, harmful for music. */
export interface SoundProcessing {
    readonly echoCancellation: boolean;
    readonly noiseSuppression: boolean;
    readonly autoGainControl: boolean;
}

export interface MicrophoneRequest {
    readonly processing: SoundProcessing;
    /**
     * A `deviceId` from `listDevices`; if omitted or empty, the browser chooses. A missing device is replaced by the default one.
     */
    readonly deviceId?: string;
}

/** The part of `navigator.mediaDevices` that is needed; undefined on an insecure origin. */
type MicrophoneSource = Pick<MediaDevices, 'getUserMedia'> | undefined;

/** Requests a microphone. Never rejects: every failure is a result. */
declare function openMicrophone(request: MicrophoneRequest, source?: MicrophoneSource, isSecureContext?: boolean): Promise<MicrophoneResult>;

/**
 * Actions for participants who may moderate. They resolve when the server has carried them out, and reject with a
 * `VoiceError`: `not_allowed`, `unknown_participant`, or `unreachable` if no answer came.
 */
export declare class Moderation {
    #private;
    /** Mutes someone, or allows them to speak again: they stay muted until they unmute themselves. */
    mute(participantId: string, muted: boolean): Promise<void>;
    /** Removes someone from the room. With a time, people who joined with a token are banned that long. */
    kick(participantId: string, banSeconds?: number): Promise<void>;
    /** Starts or ends a recording of the room; for participants whose `recording` event says that they may. */
    record(on: boolean, tracks?: RecordingTracks): Promise<void>;
    /** Only moderators can join a locked room. */
    lock(locked: boolean): Promise<void>;
    /** Forbids or allows someone to write in the chat. */
    muteInChat(participantId: string, muted: boolean): Promise<void>;
    /** How long one person has to wait between two lines of the chat; 0 switches this off. */
    setSlowMode(seconds: number): Promise<void>;
}

/** The browser's sources of network changes. All of them may be missing; clients then find out by themselves, later. */
interface NetworkSources {
    readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | undefined;
    readonly document: (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & {
        readonly visibilityState: string;
    }) | undefined;
    /** `navigator.connection`, if available (Network Information API); only phones report the type. */
    readonly connection: (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & {
        readonly type?: string | undefined;
    }) | undefined;
}

interface NetworkListener {
    /** The browser has another network, or is online again. */
    networkChanged(): void;
    /** The page was hidden, frozen or asleep, and is active again. */
    checkConnection(): void;
}

/** Tells a client, usually a `VoiceClient`, when to check its connections. Returns a function that stops this. */
export declare function watchNetwork(listener: NetworkListener, sources?: NetworkSources): () => void;

export interface ParticipantEvents {
    /** Anything in `info`, such as `muted`. */
    changed: ParticipantInfo;
    speakingChanged: boolean;
    /** This person has left the room, or this client has left it (null). */
    left: LeaveReason | null;
}

/** One person in the room. The object stays the same until they leave, and follows what happens to them. */
export declare class Participant extends Emitter<ParticipantEvents> {
    #private;
    readonly id: string;
    /** This is the participant of this client. */
    readonly isLocal: boolean;
    /** Everything that the server says about this person. A new object after each change. */
    get info(): ParticipantInfo;
    get name(): string;
    /** From their join token; null for guests. */
    get identity(): string | null;
    get isMuted(): boolean;
    get isSpeaking(): boolean;
    /** How loud they speak, in dBov (0 is the loudest); null while they do not. */
    get levelDbov(): number | null;
    /** The gain with which this client hears them, from 0 to 2. */
    get volume(): number;
    /**
     * Sets how loud this client alone hears them: 1 is unchanged, 0 is silence, 2 is twice the amplitude. The room and
     * this browser remember it. Throws `RangeError`.
     */
    setVolume(gain: number): void;
    /** For moderators: mutes them, or allows them to speak again. Rejects with a `VoiceError`. */
    mute(muted?: boolean): Promise<void>;
    /** For moderators: removes them from the room, and bans their identity for this time. Rejects with a `VoiceError`. */
    kick(banSeconds?: number): Promise<void>;
}

export type Position = readonly [x: number, y: number, z: number];

/** Where this participant's player is and looks, in a room with space. May be called in each frame of a game. */
export declare class PlayerPose {
    #private;
    /** The player looks in this direction, in degrees clockwise from above; 0 is the forward axis of the game. */
    turn(yaw: number): void;
    /**
     * The player is here, in the axes and units of the room, and looks in this direction. Nothing is sent of a position
     * while the room's rules leave that to the game server (`mayPose`).
     */
    pose(position: Position, yaw?: number): void;
    /** The rules of the room for clients; null in a room without space. */
    get rules(): SpaceView | null;
    /** Whether `pose` has an effect: it moves the player with `client`, and only the ears with `tethered`. */
    get mayPose(): boolean;
}

/** What is held down: a key by `KeyboardEvent.code`, a button of the mouse (3 and 4 are at its side) or of any gamepad. */
export type HoldBinding = {
    readonly kind: 'key';
    readonly code: string;
} | {
    readonly kind: 'mouse';
    readonly button: number;
} | {
    readonly kind: 'gamepad';
    readonly button: number;
};

/** The parts of the browser that tell what is held down. */
export interface HoldSources {
    readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
    readonly document: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & {
        readonly hidden: boolean;
    };
    readonly gamepads: () => readonly (Pick<Gamepad, 'buttons'> | null)[];
    /** Calls back once after `delayMs`. Returns a function that cancels it. */
    readonly setTimer: (delayMs: number, callback: () => void) => () => void;
}

/**
 * Calls back when what is bound is pressed, and shortly after it is released. Nothing stays held that the page cannot
 * see: it counts as released when the page loses the focus or is hidden, except for gamepads, which a page sees without the
 * focus. Fields take keys for themselves. Returns a function that stops this, and releases.
 */
export declare function watchHold(binding: HoldBinding, onHold: (isHeld: boolean) => void, sources?: HoldSources): () => void;

/** The binding of the next key or button that is pressed, for settings. Returns a function that stops waiting. */
export declare function nextBinding(isAllowed: (binding: HoldBinding) => boolean, onBinding: (binding: HoldBinding) => void, sources?: HoldSources): () => void;

export type QualityGrade = 'good' | 'fair' | 'poor';

/** The connection quality since the last measurement. Null if the browser does not say, or nothing was sent. */
export interface Quality {
    readonly grade: QualityGrade;
    readonly rttMs: number | null;
    /** Variation of the arrival times of the mix (RFC 3550 section 6.4.1). */
    readonly jitterMs: number | null;
    /** Packets of the mix that did not arrive. */
    readonly lossDownPercent: number | null;
    /** Packets of this participant's voice that did not arrive at the server, from its receiver reports. */
    readonly lossUpPercent: number | null;
    /** Share of the played audio that the browser concealed, except during silence. */
    readonly concealedPercent: number | null;
    /** Mean time that the mix waited in the browser's jitter buffer. */
    readonly bufferMs: number | null;
}

/** The rooms that the operator lets people see. `VoiceClient.switchRoom` goes there. */
export declare class Rooms {
    #private;
    /** From now on the server sends the list and its changes, or no longer. It also holds for later joins. */
    watch(on: boolean): void;
}

/** Plays the mix. Browsers play nothing until the person has clicked something; this notices it, and unlocks. */
export declare class Speaker {
    #private;
    /** The browser refused to play until the person clicks something. */
    get isBlocked(): boolean;
    /** Whether the browser lets a page choose the output device. */
    get canChoose(): boolean;
    /** The device in use; empty for the default one. */
    get deviceId(): string;
    /** Starts playing. Call it from a click if it is blocked. Resolves with whether it plays. */
    start(): Promise<boolean>;
    /** Silences what is played here. To receive nothing at all, see `setDeafened`. */
    setSilent(silent: boolean): void;
    /** Whether the browser lets a page change the volume; on iPhones only the buttons of the phone do. */
    get canChangeVolume(): boolean;
    /** The volume of everything that is played here, 0 to 1. */
    setVolume(volume: number): void;
    /**
     * Plays through this device; an empty id is the default. Rejects with a `DeviceError` if that fails; the default one is
     * used then.
     */
    choose(deviceId: string): Promise<void>;
    stop(): void;
}

/** Gets a join token from the application's own server. */
export type GetToken = () => Promise<string>;

/**
 * A participant in one room: maintains the WebSocket and the WebRTC connection, and repairs both by itself;
 * `watchNetwork` tells it when to check. Uses no DOM; the page plays the `stream` and opens the microphone.
 */
export declare class VoiceClient extends Emitter<VoiceEvents> {
    #private;
    /** For participants who `mayModerate`. */
    readonly moderation: Moderation;
    /** Speaks to channels and single people instead of everyone. */
    readonly channels: Channels;
    readonly chat: Chat;
    /** Messages between programs. */
    readonly data: Data;
    /** Other rooms, if the operator lets people see them. */
    readonly rooms: Rooms;
    /** A page of everyone in the room, also of those who are not listed in a large one. Rejects with a `VoiceError`. */
    readonly listPeople: ListPeople;
    /** Where this participant's player is, in games. */
    readonly player: PlayerPose;
    /** @param environment the client's access to the browser: that of a `WebSocketMedia`, if there is one */
    constructor(environment?: Environment);
    get state(): ConnectionState;
    /** Everyone in the room by id, as the server describes them: a new object for each change. `people` has lasting ones. */
    get participants(): ReadonlyMap<string, ParticipantInfo>;
    /** Everyone in the room by id, including this participant, as objects with events. */
    get people(): ReadonlyMap<string, Participant>;
    /** This participant; undefined outside a room. */
    get localParticipant(): Participant | undefined;
    /** Those who speak, loudest first. */
    get activeSpeakers(): readonly Participant[];
    /** The participants whom this one hears with a gain other than 1, by id. */
    get hearing(): ReadonlyMap<string, number>;
    /** This participant's id in the room; null before the first join. It survives a rejoin. */
    get participantId(): string | null;
    /** The room's canonical name from the server; null before the first join. */
    get room(): string | null;
    get muted(): boolean;
    /** Neither muted by a moderator nor listen-only by token. */
    get mayUnmute(): boolean;
    /** Nobody new can join the room. */
    get locked(): boolean;
    get deafened(): boolean;
    /** Time from a message to the server to its answer, null before the first. */
    get signalingRttMs(): number | null;
    /**
     * Joins a room; `server` is its URL, such as `https://voice.example.org`, or that of its WebSocket. Resolves when the
     * server has admitted the participant (audio follows, see the `state`), otherwise rejects with a `VoiceError`. Never
     * throws. After that, losses are repaired automatically.
     */
    connect(server: string, options: JoinOptions): Promise<void>;
    /**
     * Sends this track from now on, or nothing with null. A clone is sent, which is silenced while muted: the caller's
     * track is unaffected, so that a level meter can detect speech while muted. The caller stops its own track.
     */
    setMicrophone(track: MediaStreamTrack | null): void;
    /** Does nothing if this participant may not unmute. */
    setMuted(muted: boolean): void;
    /** A deafened participant receives nothing to play. */
    setDeafened(deafened: boolean): void;
    /** What the others see in the `info` of this participant. Omitted fields keep their value. */
    setPresence(presence: PresenceState): void;
    /**
     * Sets the gain with which this participant alone hears another one: 1 is unchanged, 0 is silence, 2 is twice the
     * amplitude. The room and this browser remember it for this person. Does nothing for someone who is not in the room.
     */
    hear(participantId: string, gain: number): void;
    /** Goes to another open room; the audio continues there. Rejects as a join does, and then nothing has changed. */
    switchRoom(room: string, options?: SwitchOptions): Promise<void>;
    /** Reconnects at once instead of at the planned time, for instance when the network is available again. */
    retryNow(): void;
    /** Call if the connection is in doubt, for instance when a page that slept wakes up. */
    checkConnection(): void;
    /** Call when the browser's network has changed. */
    networkChanged(): void;
    /** Leaves the room. The client can `connect` again. */
    leave(): void;
    /** Leaves and releases the microphone's clone. */
    close(): void;
}

/**
 * `media_failed`: the browser refused the session description. `already_connected`: leave the room first. The others
 * are those of `CloseReason`.
 */
export type VoiceErrorCode = CloseReason | 'media_failed' | 'already_connected';

/** A failure that the person should know about. `code` is for programs, `message` for people. */
export declare class VoiceError extends Error {
    readonly code: VoiceErrorCode;
    /** When it may work, if that is known. */
    readonly retryAfterMs: number | undefined;
    constructor(code: VoiceErrorCode, message: string, retryAfterMs?: number);
}

export interface JoinOptions {
    readonly room: string;
    readonly name: string;
    readonly muted?: boolean;
    readonly deafened?: boolean;
    /**
     * A join token from the server's operator, or a function that gets one from the application's server. It is called
     * before the first join, and whenever the previous token is about to expire or is refused.
     */
    readonly token?: string | GetToken;
    /** The password of the room, if it has one. */
    readonly password?: string;
}

export interface SwitchOptions {
    readonly password?: string;
    /** A join token of the same identity. Only needed if everyone needs a token. */
    readonly token?: string;
}

/** What participants say about themselves besides being muted or deafened. */
export interface PresenceState {
    /** They want to say something. It ends when they go to another room. */
    readonly handRaised?: boolean;
    /** They are not at the computer. */
    readonly away?: boolean;
    /** They agree to be recorded as long as they are in the room; without it nobody may hear them during a recording. */
    readonly agreesToRecording?: true;
}

export interface RecordingState {
    /** `recording`: news of the room in which they are. Otherwise they enter a room. */
    readonly type: 'joined' | 'moved' | 'recording';
    /** Null or omitted: the room is not recorded. */
    readonly recording?: RecordingView | null | undefined;
    /** Why it has ended. */
    readonly reason?: RecordingEndReason;
    /** Only when a room is entered: this participant may start and end a recording (`moderation.record`). */
    readonly mayRecord?: true | undefined;
    /** Only when a room is entered: with it this participant plays sounds to this room (`/sounds`). */
    readonly soundKey?: string | undefined;
}

/** Which page of the people in a room. */
export interface PeopleQuery {
    /** `next` of the page before; omitted for the first. */
    readonly after?: string;
    /** Part of a name. Case and accents do not matter. */
    readonly search?: string;
}

/** At most 100 people, in order of their arrival. */
export interface PeoplePage {
    readonly participants: readonly ParticipantInfo[];
    /** For the next page; null after the last. */
    readonly next: string | null;
}

export type ListPeople = (query?: PeopleQuery) => Promise<PeoplePage>;

export interface VoiceEvents {
    state: ConnectionState;
    /**
     * Everyone in the room by id, including this participant, whenever someone joins, leaves or changes. In a large room
     * only moderators, raised hands and those who have spoken lately (see `count`).
     */
    participants: ReadonlyMap<string, ParticipantInfo>;
    participantJoined: ParticipantInfo;
    participantLeft: {
        readonly participant: ParticipantInfo;
        readonly reason: LeaveReason;
    };
    /** The server muted this participant: a moderator did it, or the join token does not allow speaking. */
    muted: boolean;
    /** How others get into the room, whenever this participant enters one. */
    entry: RoomEntry;
    /** Nobody new can join the room, or everyone can again. */
    locked: boolean;
    /**
     * How many people are in the room, if not all are among the participants, whenever that changes; otherwise undefined.
     * `VoiceClient.listPeople` finds the others.
     */
    count: number | undefined;
    /** So many only listen to the room, and are not among the participants; on entering, and when it changes. */
    listeners: number;
    /**
     * False when the server has not answered for a second, though the connection stands: it hangs, or the network does.
     * True when it answers again.
     */
    answering: boolean;
    /** This participant is in this room now: they switched, or the operator has moved them. The audio continues there. */
    moved: string;
    /**
     * The server admits nobody new, and shuts down when everyone has left, or after `endsInMs` if that is given. Null
     * cancels it.
     */
    draining: {
        readonly endsInMs: number | null;
    } | null;
    /** The participants whom this one hears with a gain other than 1, by id: from 0 (silent) to 2. No one else knows. */
    hearing: ReadonlyMap<string, number>;
    /** Whether the room is recorded, whenever this participant enters one, and whenever a recording begins or ends. */
    recording: RecordingState;
    /** The room's channels, and who speaks to this participant in them or whispers. */
    channels: ChannelState;
    /** The chat, whenever a line comes, changes or goes, and when its rules change. */
    chat: ChatState;
    /** A new line of the chat, also one's own. Lines of the history are not new. */
    chatLine: ChatEntry;
    /**
     * The list of rooms, empty while it is not watched; null if the server has none. Permanent rooms belong first, then
     * `order` and name decide.
     */
    rooms: readonly ListedRoom[] | null;
    /** The current speakers with their level in dBov (0 loudest, -127 silence), 5 to 10 times a second. */
    levels: ReadonlyMap<string, number>;
    /** Those who speak, loudest first, whenever somebody starts or stops. */
    activeSpeakers: readonly Participant[];
    /** The mix of everyone else, to be played by one audio element. A new stream after every new connection. */
    stream: MediaStream;
    /** What the browser knows about the connection, every two seconds while audio flows, right before `quality`. */
    report: RTCStatsReport;
    /** Every two seconds while audio flows, otherwise null. */
    quality: Quality | null;
    /** The server has replaced a join token that expires; it opens `room`. Keep it for a join after a reload. */
    token: {
        readonly token: string;
        readonly room: string;
    };
    error: VoiceError;
    /** Only from a `VoiceRoom`: the browser plays nothing until `startAudio` is called from a click, or it plays again. */
    audioBlocked: boolean;
    /** Only from a `VoiceRoom`: the microphone that is sent from now on; null if it was closed or unplugged. */
    microphone: MediaStreamTrack | null;
    /** Only from a `VoiceRoom`: a device was plugged in or out, or its name is known now. */
    devices: AudioDevices;
    /** Only from a `VoiceRoom`: the microphone was unplugged, and there is no other. */
    deviceError: DeviceError;
}

export interface VoiceRoomOptions {
    /** The element that plays the mix; by default the room has its own. */
    readonly audio?: HTMLAudioElement;
    /** By default all three are on, which is right for speech. */
    readonly processing?: SoundProcessing;
    /** The client's access to the browser: that of a `WebSocketMedia`, if there is one. */
    readonly environment?: Environment;
}

/**
 * A room with everything that a page needs: a `VoiceClient` that also opens the microphone, plays the others, and
 * notices when the network or the devices change.
 */
export declare class VoiceRoom extends VoiceClient {
    #private;
    readonly microphone: MicrophoneInput;
    readonly speaker: Speaker;
    /** Asks the person for nothing yet. */
    constructor(options?: VoiceRoomOptions);
    /** Whether the microphone is open and not muted. */
    get isMicrophoneEnabled(): boolean;
    /**
     * With true, opens the microphone if necessary and unmutes; with false, mutes and keeps it open, so that the next time
     * is quick. Rejects with a `DeviceError`; then nobody hears this participant. Browsers want it called from a click.
     */
    setMicrophoneEnabled(enabled: boolean): Promise<void>;
    /**
     * Opens a microphone, in place of the one that is open, and sends it. Omitted fields are as the last time. Rejects
     * with a `DeviceError`; then the previous one is still in use.
     */
    openMicrophone(request?: Partial<MicrophoneRequest>): Promise<MediaStreamTrack>;
    /** Releases the microphone. Nobody hears this participant until it is opened again. */
    closeMicrophone(): void;
    /**
     * Uses this device from now on; an empty id is the default one. Rejects with a `DeviceError`. Then the previous
     * microphone, or the default loudspeaker, is in use.
     */
    switchDevice(kind: 'audioinput' | 'audiooutput', deviceId: string): Promise<void>;
    /** The microphones and loudspeakers. Without names until the person has allowed the microphone. */
    devices(): Promise<AudioDevices>;
    /** False after `audioBlocked`, until `startAudio` is called from a click. */
    get canPlayAudio(): boolean;
    /** Plays what the browser has blocked. Call it from a click. Resolves with whether it plays. */
    startAudio(): Promise<boolean>;
    /** Leaves, and releases the microphone and everything else. The object cannot be used any more. */
    close(): void;
}
