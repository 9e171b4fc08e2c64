import type { z } from 'zod';
import type { newChannelSchema } from '../protocol/api/channel-schemas.ts';
import type { ChannelSettings } from '../rooms/channels.ts';

/** What a request or a message says about a channel, as the room takes it. */
export function channelSettings(said: Omit<z.output<typeof newChannelSchema>, 'name'>): ChannelSettings {
  const { open, speak, hear, strengths, ...sound } = said;
  return { open, speak, hear, strengths: new Map(Object.entries(strengths)), sound };
}
