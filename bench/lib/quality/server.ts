import { createCertificate } from '../../client/media-transport.ts';
import { LightParticipant, type ReceivedPayload } from '../../client/participant.ts';
import type { ServerKind } from '../../client/room-signaling.ts';
import { JanusProcess } from '../../janus/janus-process.ts';
import { ServerProcess } from '../server-process.ts';

/** A server that mixes, with clients that can join it. */
export interface MixingServer {
  /** For tables. */
  readonly name: string;
  /** Whether its clients send RED (RFC 2198), and report what they lose so that they are sent it. */
  readonly red: boolean;
  /** Without `onPayload`, what is received is not decrypted. */
  join(room: string, name: string, onPayload?: (received: ReceivedPayload) => void): Promise<LightParticipant>;
  close(): Promise<void>;
}

/** Starts a new server in which these rooms can be joined. */
export type StartMixingServer = (rooms: readonly string[]) => Promise<MixingServer>;

/** Without levelling, which is no fault of transmission though it changes what is heard. */
export const startPartyline: StartMixingServer = async () =>
  mixingServer('Partyline', 'partyline', false, await startWithoutLevelling());

/** With redundancy, as between the page and Chromium. */
export const startPartylineWithRed: StartMixingServer = async () =>
  mixingServer('Partyline with RED', 'partyline', true, await startWithoutLevelling());

/** AudioBridge with its defaults; only in a private network. */
export const startJanus: StartMixingServer = async (rooms) =>
  mixingServer('Janus', 'janus', false, await JanusProcess.start({ rooms }));

function startWithoutLevelling(): Promise<ServerProcess> {
  return ServerProcess.start(['--levelling', 'off']);
}

async function mixingServer(
  name: string,
  kind: ServerKind,
  red: boolean,
  server: { readonly webSocketUrl: string; close(): Promise<void> },
): Promise<MixingServer> {
  const certificate = await createCertificate();
  return {
    name,
    red,
    join: (room, participant, onPayload) =>
      LightParticipant.join({
        server: kind,
        url: server.webSocketUrl,
        room,
        name: participant,
        certificate,
        red,
        ...(onPayload !== undefined && { onPayload }),
      }),
    close: () => server.close(),
  };
}
