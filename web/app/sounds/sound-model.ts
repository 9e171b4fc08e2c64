import { signal } from '@preact/signals';
import type { VoiceClient } from '../../sdk/voice-client.ts';

/** Whether this participant may play sounds to the room. */
export class SoundModel {
  /** Null without the right. */
  readonly key = signal<string | null>(null);

  constructor(client: VoiceClient) {
    let home = '';
    let own: string | null = null;
    client.on('joined', ({ room, soundKey = null }) => {
      home = room;
      own = soundKey;
      this.key.value = own;
    });
    // The right is for one room.
    client.on('moved', (room) => {
      this.key.value = room === home ? own : null;
    });
  }
}
