import type { Clock } from '../lib/clock.ts';
import { type TurnSettings, turnCredentials } from '../lib/turn.ts';
import type { IceServer } from '../protocol/messages.ts';

/** The ICE servers for one participant's join. */
export type IceServersFor = (participantId: string) => readonly IceServer[];

/**
 * The TURN servers, with new credentials for each join. There is no STUN server: this server is ICE-lite and reachable,
 * so clients do not need to know their own address.
 */
export function turnServers(settings: TurnSettings, clock: Clock): IceServersFor {
  const { turnUrls: urls } = settings;
  if (urls.length === 0) return () => [];
  return (participantId) => [
    { urls, ...turnCredentials(settings, { user: participantId, wallNowMs: clock.wallNow() }) },
  ];
}
