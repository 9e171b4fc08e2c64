import { signal } from '@preact/signals';
import type { VoiceClient } from '../../sdk/voice-client.ts';
import type { RecordingState } from '../../sdk/voice-events.ts';

/** Whether the room is recorded, and what this participant has to do with it. */
export class RecordingModel {
  readonly state = signal<RecordingState>({ type: 'joined' });
  /** They have agreed to be recorded here. */
  readonly hasAgreed = signal(false);

  constructor(client: VoiceClient) {
    client.on('recording', (news) => {
      const isHere = news.type === 'recording';
      if (!isHere) this.hasAgreed.value = false;
      this.state.value = isHere ? { ...this.state.value, ...news } : news;
    });
  }
}
