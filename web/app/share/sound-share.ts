import type { ServerMessage } from '../../../src/protocol/messages.ts';
import { Backoff } from '../../sdk/backoff.ts';
import type { Environment } from '../../sdk/environment.ts';
import { MediaSession } from '../../sdk/media-session.ts';
import { SignalingSocket } from '../../sdk/signaling-socket.ts';
import type { SoundSource } from './sound-source.ts';

/** Tries to get a broken connection back this often before the share is over. */
const MAX_ATTEMPTS = 5;

export interface SoundShareOptions {
  /** Of the WebSocket. */
  readonly server: string;
  readonly room: string;
  /** See `ShareModel.secret`. */
  readonly secret: string;
  readonly source: SoundSource;
  readonly environment: Environment;
  /** It is over: `code` of the error, or null if somebody stopped it here or the sound has ended. Called once. */
  readonly onEnded: (code: string | null, message: string) => void;
}

/**
 * The connection that sends a shared sound: a companion of this page's participant, with a WebSocket and audio of its
 * own, which receives nothing.
 */
export class SoundShare {
  readonly source: SoundSource;
  readonly #options: SoundShareOptions;
  readonly #backoff: Backoff;
  #socket: SignalingSocket | undefined;
  #media: MediaSession | undefined;
  #resumeToken: string | undefined;
  #cancelRetry = () => {};
  #isOver = false;

  constructor(options: SoundShareOptions) {
    this.source = options.source;
    this.#options = options;
    this.#backoff = new Backoff(options.environment);
    this.source.onEnded = () => this.stop();
    this.#open();
  }

  stop(): void {
    this.#socket?.send({ type: 'leave' });
    this.#end(null, '');
  }

  #open(): void {
    const { server, room, secret, environment } = this.#options;
    this.#socket = new SignalingSocket(server, environment, {
      open: () =>
        this.#socket?.send({
          type: 'join',
          room,
          name: '',
          companionOf: secret,
          deafened: true,
          batches: true,
          resumeToken: this.#resumeToken,
        }),
      message: (message) => this.#receive(message),
      closed: () => this.#lost(),
    });
  }

  #receive(message: ServerMessage): void {
    this.#media?.receive(message);
    if (message.type === 'joined') this.#joined(message);
    else if (message.type === 'server_closing') this.#end('server_closing', '');
    else if (message.type === 'error' && this.#media?.refused(message.code, message.retryAfterMs) !== true)
      this.#end(message.code, message.message);
  }

  #joined({ resumeToken, mediaResumed, iceServers }: Extract<ServerMessage, { type: 'joined' }>): void {
    this.#resumeToken = resumeToken;
    this.#backoff.succeeded();
    if (this.#media !== undefined) {
      this.#media.resume(mediaResumed, iceServers);
      return;
    }
    this.#media = new MediaSession({
      environment: this.#options.environment,
      iceServers,
      track: this.source.track,
      sendOffer: (sdp, restart) => this.#socket?.send({ type: 'offer', sdp, restart }),
      onStream: () => {},
      onState: () => {},
      onError: () => {},
    });
  }

  #lost(): void {
    const delayMs = this.#backoff.lost();
    if (this.#isOver) return;
    if (this.#resumeToken === undefined || this.#backoff.attempt > MAX_ATTEMPTS) {
      this.#end('unreachable', '');
      return;
    }
    this.#media?.suspend();
    this.#cancelRetry = this.#options.environment.setTimer(delayMs, () => this.#open());
  }

  #end(code: string | null, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelRetry();
    this.source.close();
    this.#socket?.close();
    this.#media?.close();
    this.#options.onEnded(code, message);
  }
}
