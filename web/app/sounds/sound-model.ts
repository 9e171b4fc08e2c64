import { signal } from '@preact/signals';
import type { VoiceClient } from '../../sdk/voice-client.ts';

/** Whether this participant may play sounds to the room. */
export class SoundModel {
  /** Null without the right. */
  readonly key = signal<string | null>(null);

  constructor(client: Pick<VoiceClient, 'on'>) {
    // The right is for one room.
    client.on('recording', ({ type, soundKey = null }) => {
      if (type !== 'recording') this.key.value = soundKey;
    });
  }
}
