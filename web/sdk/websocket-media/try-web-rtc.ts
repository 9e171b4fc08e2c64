import type { IceServer } from '../../../src/protocol/messages.ts';
import type { MediaFallback } from './media-fallback.ts';

/** A network that lets WebRTC through does so in less. */
const TRY_FOR_MS = 8000;

export interface WorkingConnection {
  readonly connection: RTCPeerConnection;
  readonly mix: MediaStreamTrack;
}

export interface Attempt {
  readonly configuration: RTCConfiguration;
  /** What is sent. */
  readonly track: MediaStreamTrack | null;
}

/**
 * Makes another WebRTC connection as the client makes them. Null if it is not established in time.
 * @param answer the server's answer to an offer, null if it has none
 */
export async function tryWebRtc(
  { base: environment, createLink }: Pick<MediaFallback, 'base' | 'createLink'>,
  { configuration, track }: Attempt,
  answer: (sdp: string) => Promise<string | null>,
): Promise<WorkingConnection | null> {
  let connection: RTCPeerConnection | undefined;
  let mix: MediaStreamTrack | undefined;
  let end: (works: boolean) => void = () => {};
  const ended = new Promise<boolean>((resolve) => {
    end = resolve;
  });
  const cancel = environment.setTimer(TRY_FOR_MS, () => end(false));
  const failed = () => end(false);
  try {
    const link = createLink(
      {
        ...environment,
        createPeerConnection: () => {
          connection = environment.createPeerConnection(configuration);
          return connection;
        },
        createStream: (tracks) => {
          [mix] = tracks;
          return environment.createStream(tracks);
        },
      },
      (configuration.iceServers ?? []) as IceServer[],
      { stream: () => {}, connected: () => end(true), interrupted: () => {}, lost: failed, failed },
    );
    const negotiate = async () => {
      await link.setTrack(track);
      const answered = await answer(await link.createOffer());
      if (answered === null) end(false);
      else await link.acceptAnswer(answered);
    };
    // The browser, or the way to the server, may leave any of it without an answer.
    negotiate().catch(failed);
    if ((await ended) && connection !== undefined && mix !== undefined) return { connection, mix };
    link.close();
  } catch {
    connection?.close();
  } finally {
    cancel();
  }
  return null;
}
