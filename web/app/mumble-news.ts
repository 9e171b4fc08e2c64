import { type Signal, signal } from '@preact/signals';
import type { MumbleNews } from '../../src/protocol/mumble-news.ts';
import type { VoiceClient } from '../sdk/voice-client.ts';

/** What the server says of the Mumble server with which the room is coupled; null if it says nothing. */
export function mumbleNews(client: Pick<VoiceClient, 'data' | 'on'>): Signal<MumbleNews | null> {
  const news = signal<MumbleNews | null>(null);
  client.data.on('partyline.mumble', (payload, { from }) => {
    if (from === null) news.value = payload as MumbleNews;
  });
  // They enter a room.
  client.on('entry', () => {
    news.value = null;
  });
  return news;
}
