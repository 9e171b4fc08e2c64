import { createCertificate } from '../../client/media-transport.ts';
import { LightParticipant, type ReceivedPayload } from '../../client/participant.ts';
import type { ServerKind } from '../../client/room-signaling.ts';
import { JanusProcess } from '../../janus/janus-process.ts';
import { ServerProcess } from '../server-process.ts';

/** A server that mixes, with clients that can join it. */
export interface MixingServer {
  /** Name for tables. */
  readonly name: string;
  /** Whether its clients send RED (RFC 2198), and report losses so that the server sends it too. */
  readonly red: boolean;
  /** Without `onPayload`, received packets are not decrypted. */
  join(room: string, name: string, onPayload?: (received: ReceivedPayload) => void): Promise<LightParticipant>;
  close(): Promise<void>;
}

/** Starts a new server in which these rooms can be joined. */
export type StartMixingServer = (rooms: readonly string[]) => Promise<MixingServer>;

/** Levelling is off: it changes what is heard, but is not a fault of transmission. */
export const startPartyline: StartMixingServer = async () =>
  mixingServer('Partyline', 'partyline', false, await startWithoutLevelling());

/** With redundancy, as between the server and the page in Chromium. */
export const startPartylineWithRed: StartMixingServer = async () =>
  mixingServer('Partyline with RED', 'partyline', true, await startWithoutLevelling());

/** AudioBridge with its defaults. Runs only in a private network. */
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
