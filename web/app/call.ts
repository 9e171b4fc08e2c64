import { computed, effect, signal, untracked } from '@preact/signals';
import type { ParticipantInfo, RoomEntry } from '../../src/protocol/messages.ts';
import type { ChannelState, TalkTarget } from '../sdk/channels.ts';
import type { CloseReason, ConnectionState } from '../sdk/connection-state.ts';
import { type AudioDevices, listDevices, watchDevices } from '../sdk/devices.ts';
import { watchNetwork } from '../sdk/network-watch.ts';
import type { Quality } from '../sdk/quality.ts';
import { VoiceClient } from '../sdk/voice-client.ts';
import { appearances } from './appearance.ts';
import { BackGuard } from './back-guard.ts';
import { type KeptCall, keepCall } from './call-memory.ts';
import { ChatModel } from './chat/chat-model.ts';
import { Files } from './files/files.ts';
import { forgetToken, joinToken, replaceToken } from './join-token.ts';
import { strings } from './language.ts';
import { MicrophoneInput } from './microphone-input.ts';
import { mumbleNews } from './mumble-news.ts';
import { OwnVoice } from './own-voice.ts';
import { type JoinMode, preferences, remember, voiceShape } from './preferences.ts';
import { RecordingModel } from './recording/recording-model.ts';
import { whileRestarting } from './restarting.ts';
import { pathOfRoom, socketUrl } from './room-link.ts';
import { RoomsModel } from './rooms/rooms-model.ts';
import { ShareModel } from './share/share-model.ts';
import { SignalsModel } from './signals/signals-model.ts';
import { environment, loadWebSocketWay } from './sound-way.ts';
import { SoundModel } from './sounds/sound-model.ts';
import { SpeakerOutput } from './speaker-output.ts';
import { QualityHistory } from './stats/quality-history.ts';

const NOTICE_MS = 6000;
const TOKEN_REFUSED: ReadonlySet<CloseReason> = new Set(['token_invalid', 'token_expired']);
const PASSWORD_REFUSED: ReadonlySet<CloseReason> = new Set(['password_required', 'wrong_password']);

export interface JoinChoices {
  readonly name: string;
  readonly room: string;
  readonly mode: JoinMode;
  /** Empty for none. */
  readonly password: string;
}

/** The page's state and actions: the views show its signals and call its methods. */
export class Call {
  readonly client = new VoiceClient(environment);
  readonly microphone = new MicrophoneInput(() => void this.#microphoneLost());
  readonly speaker: SpeakerOutput;
  readonly chat = new ChatModel(this.client);
  readonly files = new Files(this);
  readonly rooms = new RoomsModel(this.client);
  readonly recording = new RecordingModel(this.client);
  readonly share = new ShareModel(this.client);
  readonly sounds = new SoundModel(this.client);
  readonly mumble = mumbleNews(this.client);

  readonly state = signal<ConnectionState>(this.client.state);
  readonly participants = signal<ReadonlyMap<string, ParticipantInfo>>(new Map());
  /** This participant as the others see them; undefined outside a room. */
  readonly self = computed(() => this.participants.value.get(this.client.participantId ?? ''));
  /** How many people are in the room, if not all of them are listed. */
  readonly count = signal<number | undefined>(undefined);
  /** Those of the others who were looked for. */
  readonly found = signal<readonly ParticipantInfo[]>([]);
  /** How each person looks, by id. */
  readonly appearances = computed(() => {
    const listed = this.participants.value;
    return appearances([...listed.values(), ...this.found.value.filter(({ id }) => !listed.has(id))]);
  });
  readonly levels = signal<ReadonlyMap<string, number>>(new Map());
  /** This participant is heard by the others right now. */
  readonly isSpeaking = computed(() => this.levels.value.has(this.client.participantId ?? ''));
  /** The gains that this participant has set for others, by id. */
  readonly hearing = signal<ReadonlyMap<string, number>>(new Map());
  readonly channels = signal<ChannelState>(this.client.channels.state);
  /** The team that this participant speaks to; null for everyone. */
  readonly team = signal<string | null>(null);
  /** Whom this participant speaks to while a button is held; null if none is. */
  readonly held = signal<TalkTarget | null>(null);
  readonly quality = signal<Quality | null>(null);
  /** The quality in this call until now. */
  readonly history = new QualityHistory();
  readonly voice = new OwnVoice(this.client);
  readonly signals = new SignalsModel({
    ...{ client: this.client, muted: this.voice.muted, deafened: this.voice.deafened },
    isInCall: () => this.isInCall,
    isReading: () => this.chat.isOpen.value,
  });
  /** False while the connection stands but the server does not answer. */
  readonly isAnswering = signal(true);
  /** How others get into the room. */
  readonly entry = signal<RoomEntry>('open');
  /** The server will restart soon. */
  readonly isDraining = signal(false);
  /** Back was pressed: the page asks whether to leave. */
  readonly isAskingToLeave = signal(false);
  /** Nobody new can join the room. */
  readonly locked = signal(false);
  /** How many only listen to the room. */
  readonly listeners = signal(0);
  readonly room = signal('');
  /** The room for which the server last asked for a password. */
  readonly passwordRoom = signal<string | null>(null);
  readonly isAskingMicrophone = signal(false);
  /** Microphone and loudspeaker are being tried before a join. */
  readonly isTrying = signal(false);
  readonly devices = signal<AudioDevices>({ inputs: [], outputs: [] });
  /** The room's link, after the browser has not let the page copy it. */
  readonly linkToCopy = signal<string | null>(null);
  /** A message that is visible for a few seconds. */
  readonly notice = signal('');
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #back = new BackGuard();
  #choices: JoinChoices | null = null;

  constructor(element: HTMLAudioElement) {
    this.speaker = new SpeakerOutput(element);
    this.client.on('state', (state) => this.#onState(state));
    this.client.on('participants', (all) => {
      const before = this.self.value;
      this.participants.value = this.share.takeFrom(all);
      if (before?.mutedByModerator && this.client.mayUnmute) this.notify(strings.microphone.mayUnmute);
    });
    this.client.on('muted', (muted) => this.voice.obey(muted));
    this.client.on('entry', (entry) => {
      this.entry.value = entry;
    });
    this.client.on('answering', (isAnswering) => {
      this.isAnswering.value = isAnswering;
    });
    this.client.on('locked', (locked) => {
      this.locked.value = locked;
    });
    this.client.on('count', (count) => {
      this.count.value = count;
    });
    this.client.on('listeners', (count) => {
      this.listeners.value = count;
    });
    this.client.on('moved', (room) => {
      this.#show(room);
      this.levels.value = new Map();
      if (this.rooms.goingTo.value !== null) this.signals.say(strings.rooms.switched(room));
      else this.notify(strings.room.moved(room));
    });
    this.client.on('draining', (draining) => {
      this.isDraining.value = draining !== null;
    });
    this.client.on('levels', (levels) => {
      this.levels.value = levels;
    });
    this.client.on('hearing', (hearing) => {
      this.hearing.value = hearing;
    });
    this.client.on('channels', (state) => {
      this.channels.value = state;
      const { team } = this;
      // After leaving a team, people no longer speak to it.
      if (team.value !== null && !state.channels.some(({ name, speaks }) => speaks && name === team.value))
        this.talkToTeam(null);
    });
    this.client.on('quality', (quality) => {
      this.history.add({ atMs: Date.now(), quality });
      this.quality.value = quality;
    });
    this.client.on('stream', (stream) => void this.speaker.play(stream));
    this.client.on('token', ({ token }) => replaceToken(token));
    this.client.on('error', (error) => this.notify(strings.problem(error.code, error.message)));
    effect(() => this.speaker.setSilent(this.voice.deafened.value));
    effect(() => this.speaker.setVolume(preferences.value.outputVolume));
    effect(() => {
      voiceShape.value;
      void untracked(() => this.microphone.reshape());
    });
    effect(() => {
      const track = this.microphone.sent.value;
      untracked(() => {
        if (this.isInCall) this.client.setMicrophone(track);
      });
    });
    watchDevices(() => void this.#devicesChanged());
    watchNetwork(this.client);
    addEventListener('pagehide', () => this.#pageHidden());
    addEventListener('popstate', () => {
      if (this.isInCall && !this.#back.isInRoom) this.isAskingToLeave.value = true;
    });
  }

  get isInCall(): boolean {
    const { status } = this.state.value;
    return status === 'connected' || status === 'reconnecting';
  }

  /** Call it from a click: browsers may require a user action before they play sound. */
  async join(choices: JoinChoices): Promise<void> {
    const { name, room, mode } = choices;
    // Without a choice, it says nothing about the next time.
    remember({ name, room, ...(joinToken.value?.maySpeak !== false && { mode }) });
    await this.#join(choices, mode === 'muted', false);
  }

  /** Back in the call that a reload has interrupted. */
  async rejoin({ muted, deafened, ...choices }: KeptCall): Promise<void> {
    await this.#join(choices, muted, deafened);
  }

  leave(): void {
    this.client.leave();
  }

  /** Goes to another room with the same connection. */
  async goToRoom(room: string, password?: string): Promise<void> {
    try {
      const right = await this.rooms.goTo(room, password);
      if (right === null) return;
      if (this.#choices !== null) this.#choices = { ...this.#choices, password: right };
      this.rooms.closeIfCovering();
    } catch (error) {
      this.notify(strings.failed(error));
    }
  }

  /** The answer to Back. */
  answerBack(isLeaving: boolean): void {
    this.isAskingToLeave.value = false;
    if (isLeaving) this.leave();
    else this.#back.enter(location.pathname);
  }

  setMuted(muted: boolean): void {
    this.voice.setMuted(muted);
  }

  /** Joins or leaves an open team. */
  setInTeam(name: string, isIn: boolean): void {
    if (isIn) this.client.channels.join(name);
    else this.client.channels.leave(name);
  }

  /** Null: to everyone. */
  talkToTeam(name: string | null): void {
    this.team.value = name;
    if (this.held.value === null) this.#talk();
  }

  /** From now on speaks only to these, also if muted otherwise; null ends that. */
  hold(target: TalkTarget | null): void {
    if (this.held.value === target) return;
    // Muted first and unmuted last, so that nothing of it is heard by others.
    if (target === null) this.voice.force(false);
    this.held.value = target;
    this.#talk();
    if (target !== null) this.voice.force(true);
  }

  setDeafened(deafened: boolean): void {
    this.voice.setDeafened(deafened);
  }

  /** Opens the microphone before joining, to try it. The join then uses it. */
  async tryMicrophone(): Promise<void> {
    await this.#openMicrophone();
    // They may have stopped trying while the browser asked.
    if (!this.isTrying.value && !this.isInCall) this.microphone.close();
  }

  /** Shows the sound check, or ends it. */
  setTrying(isTrying: boolean): void {
    this.isTrying.value = isTrying;
    if (!isTrying && !this.isInCall) this.microphone.close();
  }

  /** Opens the microphone chosen in the preferences, which sends it. If that fails, the previous one is still sent. */
  async useMicrophone(): Promise<void> {
    const isOpen = await this.#openMicrophone();
    if (!this.isInCall) this.microphone.close();
    else if (!isOpen && this.microphone.track.value !== null)
      this.notify(strings.microphone.failures[this.microphone.failure.value?.failure ?? 'other']);
  }

  async chooseOutput(deviceId: string): Promise<void> {
    const isUsed = await this.speaker.choose(deviceId);
    remember({ outputId: isUsed ? deviceId : '' });
    if (!isUsed) this.notify(strings.settings.outputFailed);
  }

  /** Lets the person choose an output that the browser does not list. */
  async askForOutput(): Promise<void> {
    const device = await this.speaker.ask();
    if (device === null) return;
    remember({ outputId: device.id });
    this.devices.value = await listDevices();
  }

  notify(text: string): void {
    clearTimeout(this.#noticeTimer);
    this.notice.value = text;
    this.#noticeTimer = setTimeout(() => {
      this.notice.value = '';
    }, NOTICE_MS);
  }

  async #join(choices: JoinChoices, muted: boolean, deafened: boolean): Promise<void> {
    const { name, room, mode, password } = choices;
    this.#choices = choices;
    this.isTrying.value = false;
    this.voice.talkMode.value = preferences.value.talk.mode;
    this.voice.start(muted, deafened);
    this.history.clear();
    this.isAnswering.value = true;
    this.room.value = room;
    if (mode === 'listen') this.microphone.close();
    this.client.setMicrophone(this.microphone.sent.value);
    await Promise.all([loadWebSocketWay(), this.speaker.choose(preferences.value.outputId)]);
    const isAdmitted = await this.client
      .connect(socketUrl(location), {
        ...{ room, name, muted: !this.voice.isSending.value, deafened },
        ...(joinToken.value !== null && { token: joinToken.value.text }),
        ...(password !== '' && { password }),
      })
      // The state change that comes with a refusal shows it.
      .then(
        () => true,
        () => false,
      );
    // Nobody is asked for a microphone before it is certain that they may use it here.
    if (isAdmitted && mode !== 'listen' && this.self.value?.maySpeak !== false && this.microphone.track.value === null)
      await this.useMicrophone();
  }

  #pageHidden(): void {
    if (this.#choices !== null && (this.isInCall || this.state.value.status === 'connecting'))
      keepCall({ ...this.#choices, room: this.room.value, ...this.voice.choice });
    this.client.leave();
  }

  #talk(): void {
    const team = this.team.value;
    this.client.channels.talkTo(this.held.value ?? (team === null ? { room: true } : { channels: [team] }));
  }

  async #openMicrophone(): Promise<boolean> {
    this.isAskingMicrophone.value = true;
    const isOpen = await this.microphone.open();
    this.isAskingMicrophone.value = false;
    // Browsers reveal the names of devices only to pages that may use one.
    this.devices.value = await listDevices();
    return isOpen;
  }

  async #microphoneLost(): Promise<void> {
    remember({ inputId: '' });
    if (await this.#openMicrophone()) {
      this.notify(strings.microphone.replaced(this.microphone.track.value?.label ?? ''));
    } else {
      this.microphone.failure.value = null;
      this.notify(strings.microphone.lost);
    }
  }

  async #devicesChanged(): Promise<void> {
    this.devices.value = await listDevices();
    const { outputId } = preferences.value;
    if (outputId !== '' && !this.devices.value.outputs.some(({ id }) => id === outputId)) await this.chooseOutput('');
  }

  #show(room: string): void {
    this.linkToCopy.value = null;
    this.room.value = room;
    this.#back.enter(pathOfRoom(room));
  }

  #onState(reported: ConnectionState): void {
    const state = whileRestarting(this.state.value, reported);
    if (this.state.value.status === 'reconnecting' && state.status === 'connected') this.signals.say(strings.room.back);
    const wasInCall = this.isInCall;
    this.state.value = state;
    if (state.status !== 'connected') this.isAnswering.value = true;
    if (state.status === 'connected') {
      const room = this.client.room ?? this.room.value;
      if (!wasInCall || room !== this.room.value) this.#show(room);
    } else if (state.status === 'closed') {
      if (TOKEN_REFUSED.has(state.reason)) forgetToken();
      if (PASSWORD_REFUSED.has(state.reason)) this.passwordRoom.value = this.room.value;
      document.title = strings.product;
      this.isAskingToLeave.value = false;
      this.participants.value = new Map();
      this.share.end();
      this.levels.value = new Map();
      this.hearing.value = new Map();
      this.quality.value = null;
      this.speaker.stop();
      this.client.setMicrophone(null);
      this.microphone.close();
    }
  }
}
