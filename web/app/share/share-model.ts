import { type Signal, signal } from '@preact/signals';
import type { ParticipantInfo } from '../../../src/protocol/messages.ts';
import type { VoiceClient } from '../../sdk/voice-client.ts';
import type { SoundShare } from './sound-share.ts';

/** The sounds that people share in the room, and this participant's own. */
export class ShareModel {
  /** By id. They are not people. */
  readonly shared: Signal<ReadonlyMap<string, ParticipantInfo>> = signal(new Map());
  /** What this participant shares; null for nothing. */
  readonly own: Signal<SoundShare | null> = signal(null);
  /** Whether this participant may share a sound. */
  readonly isAllowed = signal(false);
  /** With it the connection of a shared sound joins as a companion of this participant. */
  secret = '';
  /** The question what to share is open. */
  readonly isAsking = signal(false);

  constructor(client: VoiceClient) {
    client.on('joined', ({ mayShareSound, resumeToken }) => {
      this.isAllowed.value = mayShareSound;
      this.secret = resumeToken;
    });
  }

  /** Takes what is shared out of everyone in the room, and returns the people. */
  takeFrom(all: ReadonlyMap<string, ParticipantInfo>): ReadonlyMap<string, ParticipantInfo> {
    const entries = [...all];
    this.shared.value = new Map(entries.filter(([, { role }]) => role !== undefined));
    return new Map(entries.filter(([, { role }]) => role === undefined));
  }

  /** The call is over. */
  end(): void {
    this.own.value?.stop();
    this.isAsking.value = false;
    this.shared.value = new Map();
  }
}
