import type { Clock } from '../lib/clock.ts';
import { type TurnSettings, turnCredentials } from '../lib/turn.ts';
import type { IceServer } from '../protocol/messages.ts';

/** The ICE servers that one participant is told when they join. */
export type IceServersFor = (participantId: string) => readonly IceServer[];

/**
 * The TURN servers, with credentials made anew for each join. No STUN server: the server is ICE-lite and can be reached, so that nobody needs to
 * know an address of their own.
 */
export function turnServers(settings: TurnSettings, clock: Clock): IceServersFor {
  const { turnUrls: urls } = settings;
  if (urls.length === 0) return () => [];
  return (participantId) => [
    { urls, ...turnCredentials(settings, { user: participantId, wallNowMs: clock.wallNow() }) },
  ];
}
