import { type Certificate, createCertificate } from '../../client/media-transport.ts';
import { LightParticipant, type ReceivedPayload } from '../../client/participant.ts';
import { ServerProcess } from '../server-process.ts';

/** A server that mixes, with clients that can join it. */
export interface MixingServer {
  readonly name: string;
  /** Without `onPayload`, what is received is not decrypted. */
  join(room: string, name: string, onPayload?: (received: ReceivedPayload) => void): Promise<LightParticipant>;
  close(): Promise<void>;
}

export async function startPartyline(flags: readonly string[] = []): Promise<MixingServer> {
  const certificate: Certificate = await createCertificate();
  const server = await ServerProcess.start(flags);
  return {
    name: 'Partyline',
    join: (room, name, onPayload) =>
      LightParticipant.join({
        url: server.webSocketUrl,
        room,
        name,
        certificate,
        ...(onPayload !== undefined && { onPayload }),
      }),
    close: () => server.close(),
  };
}
