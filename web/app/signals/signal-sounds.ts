/** What a sound says. */
export type SignalSound = 'join' | 'leave' | 'mute' | 'unmute' | 'message' | 'hand' | 'capture';

interface Note {
  readonly hz: number;
  readonly ms: number;
}

/** Up for those who come, down for those who go. */
export const SIGNAL_NOTES: Readonly<Record<SignalSound, readonly Note[]>> = {
  join: [
    { hz: 660, ms: 90 },
    { hz: 880, ms: 90 },
  ],
  leave: [
    { hz: 660, ms: 90 },
    { hz: 440, ms: 90 },
  ],
  mute: [{ hz: 440, ms: 60 }],
  unmute: [{ hz: 660, ms: 60 }],
  message: [{ hz: 1000, ms: 40 }],
  hand: [
    { hz: 780, ms: 60 },
    { hz: 780, ms: 60 },
  ],
  capture: [{ hz: 330, ms: 250 }],
};

/** -24 dBFS: heard, and below the voices. */
const GAIN = 0.063;
/** Notes that start or end at once click. */
const RAMP_S = 0.005;
/** What others do faster than this has one sound. */
export const PAUSE_MS = 300;
/** What this person does is always confirmed. */
const OWN: ReadonlySet<SignalSound> = new Set(['mute', 'unmute']);

/** The parts of the browser that make a sound. */
export type SoundContext = Pick<AudioContext, 'currentTime' | 'destination' | 'createGain' | 'createOscillator'> & {
  resume(): Promise<void>;
  /** Only Chromium has it; elsewhere signals come from the default output. */
  setSinkId?(id: string): Promise<void>;
};

/** Short sounds, made by Web Audio. */
export class SignalSounds {
  readonly #create: () => SoundContext;
  #context: SoundContext | undefined;
  #deviceId = '';
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(create: () => SoundContext = () => new AudioContext()) {
    this.#create = create;
  }

  /** @param deviceId of the output; empty for the default. Returns whether it is played, and not just after another. */
  play(sound: SignalSound, deviceId: string, nowMs = performance.now()): boolean {
    if (nowMs - this.#lastMs < PAUSE_MS && !OWN.has(sound)) return false;
    this.#lastMs = nowMs;
    this.#context ??= this.#create();
    const context = this.#context;
    if (deviceId !== this.#deviceId) {
      this.#deviceId = deviceId;
      void context.setSinkId?.(deviceId).catch(() => {});
    }
    // Without a click on the page so far it stays silent.
    void context.resume().catch(() => {});
    let startS = context.currentTime;
    for (const { hz, ms } of SIGNAL_NOTES[sound]) {
      playNote(context, hz, startS, startS + ms / 1000);
      startS += ms / 1000;
    }
    return true;
  }
}

function playNote(context: SoundContext, hz: number, startS: number, endS: number): void {
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, startS);
  gain.gain.linearRampToValueAtTime(GAIN, startS + RAMP_S);
  gain.gain.setValueAtTime(GAIN, endS - RAMP_S);
  gain.gain.linearRampToValueAtTime(0, endS);
  gain.connect(context.destination);
  const oscillator = context.createOscillator();
  oscillator.frequency.value = hz;
  oscillator.connect(gain);
  oscillator.start(startS);
  oscillator.stop(endS);
}
