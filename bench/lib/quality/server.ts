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
  /** Whether listeners have a gain of their own for each voice, so that a lone voice is mixed and not passed on. */
  readonly mixes: boolean;
  /** Without `onPayload`, received packets are not decrypted. */
  join(room: string, name: string, onPayload?: (received: ReceivedPayload) => void): Promise<LightParticipant>;
  close(): Promise<void>;
}

/** Starts a new server in which these rooms can be joined. */
export type StartMixingServer = (rooms: readonly string[]) => Promise<MixingServer>;

/** Levelling is off: it changes what is heard, but is not a fault of transmission. */
export const startPartyline: StartMixingServer = async () =>
  mixingServer({ name: 'Partyline' }, await startWithoutLevelling());

/** A lone voice is decoded, mixed and encoded, too. */
export const startPartylineMixing: StartMixingServer = async () =>
  mixingServer({ name: 'Partyline, mixed', mixes: true }, await startWithoutLevelling());

/** With redundancy, as between the server and the page in Chromium. */
export const startPartylineWithRed: StartMixingServer = async () =>
  mixingServer({ name: 'Partyline with RED', red: true }, await startWithoutLevelling());

/** AudioBridge with its defaults. Runs only in a private network. */
export const startJanus: StartMixingServer = async (rooms) =>
  mixingServer({ name: 'Janus', kind: 'janus' }, await JanusProcess.start({ rooms }));

function startWithoutLevelling(): Promise<ServerProcess> {
  return ServerProcess.start(['--levelling', 'off']);
}

interface Kind {
  readonly name: string;
  readonly kind?: ServerKind;
  readonly red?: boolean;
  readonly mixes?: boolean;
}

async function mixingServer(
  { name, kind = 'partyline', red = false, mixes = false }: Kind,
  server: { readonly webSocketUrl: string; close(): Promise<void> },
): Promise<MixingServer> {
  const certificate = await createCertificate();
  return {
    name,
    red,
    mixes,
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
