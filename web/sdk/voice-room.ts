import { DeviceError } from './device-error.ts';
import { type AudioDevices, listDevices, watchDevices } from './devices.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import type { MicrophoneRequest, SoundProcessing } from './microphone.ts';
import { MicrophoneInput } from './microphone-input.ts';
import { watchNetwork } from './network-watch.ts';
import { Speaker } from './speaker.ts';
import { VoiceClient } from './voice-client.ts';

/** What browsers do to a voice by default. */
const FOR_SPEECH: SoundProcessing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

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
export class VoiceRoom extends VoiceClient {
  readonly microphone: MicrophoneInput;
  readonly speaker: Speaker;
  #request: MicrophoneRequest;
  readonly #stopWatching: readonly (() => void)[];

  /** Asks the person for nothing yet. */
  constructor(options: VoiceRoomOptions = {}) {
    const { audio = new Audio(), processing = FOR_SPEECH, environment = browserEnvironment } = options;
    super(environment);
    this.#request = { processing };
    this.microphone = new MicrophoneInput(() => void this.#microphoneLost());
    this.speaker = new Speaker(audio, (isBlocked) => this.emit('audioBlocked', isBlocked));
    this.on('stream', (stream) => void this.speaker.play(stream));
    this.on('state', ({ status }) => {
      if (status !== 'closed') return;
      this.speaker.stop();
      this.setMicrophone(null);
      this.microphone.close();
    });
    this.#stopWatching = [watchNetwork(this), watchDevices(() => void this.#devicesChanged())];
  }

  /** Whether the microphone is open and not muted. */
  get isMicrophoneEnabled(): boolean {
    return this.microphone.track !== null && !this.muted;
  }

  /**
   * With true, opens the microphone if necessary and unmutes; with false, mutes and keeps it open, so that the next time
   * is quick. Rejects with a `DeviceError`; then nobody hears this participant. Browsers want it called from a click.
   */
  async setMicrophoneEnabled(enabled: boolean): Promise<void> {
    if (enabled && this.microphone.track === null) await this.openMicrophone();
    this.setMuted(!enabled);
  }

  /**
   * Opens a microphone, in place of the one that is open, and sends it. Omitted fields are as the last time. Rejects
   * with a `DeviceError`; then the previous one is still in use.
   */
  async openMicrophone(request: Partial<MicrophoneRequest> = {}): Promise<MediaStreamTrack> {
    const wanted = { ...this.#request, ...request };
    try {
      const track = await this.microphone.open(wanted);
      this.#request = wanted;
      this.setMicrophone(track);
      this.emit('microphone', track);
      return track;
    } finally {
      // Browsers reveal the names of devices only to pages that may use one.
      void this.#tellDevices();
    }
  }

  /** Releases the microphone. Nobody hears this participant until it is opened again. */
  closeMicrophone(): void {
    this.setMicrophone(null);
    this.microphone.close();
    this.emit('microphone', null);
  }

  /**
   * Uses this device from now on; an empty id is the default one. Rejects with a `DeviceError`. Then the previous
   * microphone, or the default loudspeaker, is in use.
   */
  async switchDevice(kind: 'audioinput' | 'audiooutput', deviceId: string): Promise<void> {
    if (kind === 'audiooutput') await this.speaker.choose(deviceId);
    else if (this.microphone.track !== null) await this.openMicrophone({ deviceId });
    else this.#request = { ...this.#request, deviceId };
  }

  /** The microphones and loudspeakers. Without names until the person has allowed the microphone. */
  devices(): Promise<AudioDevices> {
    return listDevices();
  }

  /** False after `audioBlocked`, until `startAudio` is called from a click. */
  get canPlayAudio(): boolean {
    return !this.speaker.isBlocked;
  }

  /** Plays what the browser has blocked. Call it from a click. Resolves with whether it plays. */
  startAudio(): Promise<boolean> {
    return this.speaker.start();
  }

  /** Leaves, and releases the microphone and everything else. The object cannot be used any more. */
  override close(): void {
    super.close();
    for (const stop of this.#stopWatching) stop();
    this.speaker.stop();
    this.microphone.close();
  }

  /** The device is gone: another one takes its place, if there is one. */
  async #microphoneLost(): Promise<void> {
    this.setMicrophone(null);
    this.emit('microphone', null);
    try {
      await this.openMicrophone({ deviceId: '' });
    } catch (thrown) {
      if (thrown instanceof DeviceError) this.emit('deviceError', thrown);
    }
  }

  async #devicesChanged(): Promise<void> {
    const { outputs } = await this.#tellDevices();
    const { deviceId } = this.speaker;
    if (deviceId !== '' && !outputs.some(({ id }) => id === deviceId)) await this.speaker.choose('').catch(() => {});
  }

  async #tellDevices(): Promise<AudioDevices> {
    const devices = await listDevices();
    this.emit('devices', devices);
    return devices;
  }
}
