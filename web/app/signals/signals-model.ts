import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { LeaveReason, ParticipantInfo } from '../../../src/protocol/messages.ts';
import type { VoiceClient } from '../../sdk/voice-client.ts';
import { strings } from '../language.ts';
import { preferences } from '../preferences.ts';
import type { SignalSound, SignalSounds } from './signal-sounds.ts';

/** People who come or go within this time are named together. */
const GATHER_MS = 400;
/** In larger rooms somebody comes or goes all the time, so it makes no sound. */
const QUIET_FROM = 12;
/** More people at once are counted. */
const FEW = 3;
const STORAGE_KEY = 'partyline-signals';

export interface SignalsOptions {
  readonly client: VoiceClient;
  /** The own voice, as the button shows it. */
  readonly muted: ReadonlySignal<boolean>;
  readonly deafened: ReadonlySignal<boolean>;
  readonly isInCall: () => boolean;
  /** The chat is in sight. */
  readonly isReading: () => boolean;
}

/** Tells by a line and a sound what happens in the room. */
export class SignalsModel {
  /** The latest event, also for people with a screen reader. */
  readonly line = signal('');
  /** Counts the lines, because two in a row may read the same. */
  readonly lines = signal(0);
  /** Whether there are sounds. */
  readonly hasSounds = signal(stored());
  readonly #options: SignalsOptions;
  /** Loaded with the first sound. */
  #sounds: Promise<SignalSounds> | undefined;
  readonly #came: string[] = [];
  readonly #went: { readonly name: string; readonly reason: LeaveReason }[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #before: ReadonlyMap<string, ParticipantInfo> = new Map();

  constructor(options: SignalsOptions) {
    this.#options = options;
    const { client, muted } = options;
    client.on('participantJoined', ({ name, role }) => {
      if (role !== undefined) return;
      this.#came.push(name);
      this.#gather();
    });
    client.on('participantLeft', ({ participant: { name, role }, reason }) => {
      if (role !== undefined) return;
      this.#went.push({ name, reason });
      this.#gather();
    });
    client.on('participants', (participants) => this.#compare(participants));
    client.on('recording', ({ recording }) => {
      if (recording) this.#play('capture');
    });
    client.on('chatLine', ({ from }) => {
      if (from !== client.participantId && !(options.isReading() && document.hasFocus())) this.#play('message');
    });
    let wasMuted: boolean | null = null;
    effect(() => {
      const isMuted = muted.value;
      if (wasMuted !== null && isMuted !== wasMuted && options.isInCall()) this.#play(isMuted ? 'mute' : 'unmute');
      wasMuted = isMuted;
    });
  }

  setSounds(hasSounds: boolean): void {
    this.hasSounds.value = hasSounds;
    try {
      localStorage.setItem(STORAGE_KEY, hasSounds ? 'on' : 'off');
    } catch {
      // Storage may be disabled; it is then forgotten with the page.
    }
  }

  say(line: string): void {
    this.line.value = line;
    this.lines.value += 1;
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const came = this.#came.splice(0);
      const went = this.#went.splice(0);
      if (!this.#options.isInCall()) return;
      const texts = [
        ...(came.length > FEW
          ? [strings.signals.manyCame(came.length)]
          : came.map((name) => strings.room.joined(name))),
        ...(went.length > FEW
          ? [strings.signals.manyWent(went.length)]
          : went.map(({ name, reason }) =>
              reason === 'kicked' ? strings.room.kicked(name) : strings.room.left(name),
            )),
      ];
      this.say(texts.join(strings.separator));
      if (this.#options.client.participants.size < QUIET_FROM) this.#play(came.length > 0 ? 'join' : 'leave');
    }, GATHER_MS);
  }

  /** Hands and captures are news; those of people who have just come are not. */
  #compare(participants: ReadonlyMap<string, ParticipantInfo>): void {
    const before = this.#before;
    this.#before = participants;
    for (const person of participants.values()) {
      const known = before.get(person.id);
      if (known === undefined || known === person) continue;
      if (person.handRaised && !known.handRaised && person.id !== this.#options.client.participantId) {
        this.say(strings.signals.raisedHand(person.name));
        this.#play('hand');
      }
      if (person.captured === known.captured) continue;
      this.say(strings.signals[person.captured ? 'captureBegan' : 'captureEnded'](person.name));
      if (person.captured) this.#play('capture');
    }
  }

  #play(sound: SignalSound): void {
    // A deafened person hears nothing of the room, except that they are muted now.
    if (!this.hasSounds.value || (this.#options.deafened.value && sound !== 'mute')) return;
    this.#sounds ??= import('./signal-sounds.ts').then(({ SignalSounds }) => new SignalSounds());
    this.#sounds.then(
      (sounds) => sounds.play(sound, preferences.value.outputId),
      () => {
        // The next sound tries again.
        this.#sounds = undefined;
      },
    );
  }
}

function stored(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== 'off';
  } catch {
    return true;
  }
}
