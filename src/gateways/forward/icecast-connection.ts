/**
 * One connection of a source to an Icecast server: `PUT` with `Expect: 100-continue`, as since Icecast 2.4, and then the
 * stream without any framing, as libshout sends it. Not by `node:http`, which writes header values in the wrong encoding
 * when there is no body yet, and closes the connection when the answer is complete although the request is not.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface IcecastTarget {
  readonly url: URL;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  readonly description: string;
  readonly public: boolean;
}

/** Nothing is called after `closed`, nor after the connection has been destroyed. */
export interface IcecastConnectionEvents {
  /** A status of HTTP, or 0 for an answer that is none. 100 comes before the final one, if at all. */
  answered(status: number): void;
  /** With the code of the system's error, if there was one. */
  closed(error: string | undefined): void;
}

/** Of an answer's head. */
const MAX_HEAD_BYTES = 16_384;

export class IcecastConnection {
  readonly #socket: Socket;
  readonly #events: IcecastConnectionEvents;
  #head = '';
  #isAnswered = false;

  constructor(target: IcecastTarget, events: IcecastConnectionEvents) {
    this.#events = events;
    const { url } = target;
    const isSecure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(url.port) || (isSecure ? 443 : 80);
    this.#socket = isSecure
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
      : connect({ host, port });
    let error: string | undefined;
    this.#socket
      .setNoDelay(true)
      .once(isSecure ? 'secureConnect' : 'connect', () => this.#socket.write(headOf(target)))
      .on('data', (bytes: Buffer) => this.#read(bytes))
      .on('error', (cause: NodeJS.ErrnoException) => {
        error = cause.code ?? cause.message;
      })
      .on('close', () => events.closed(error));
  }

  /** What the server has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.removeAllListeners('close').removeAllListeners('data').destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#isAnswered) return;
    this.#head += bytes.toString('latin1');
    for (
      let end = this.#head.indexOf('\r\n\r\n');
      end >= 0 && !this.#isAnswered;
      end = this.#head.indexOf('\r\n\r\n')
    ) {
      const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(this.#head)?.[1] ?? 0);
      this.#head = this.#head.slice(end + 4);
      this.#answer(status);
    }
    if (!this.#isAnswered && this.#head.length > MAX_HEAD_BYTES) this.#answer(0);
  }

  #answer(status: number): void {
    this.#isAnswered = status !== 100;
    this.#events.answered(status);
  }
}

/** In UTF-8, as Icecast takes it. */
function headOf({ url, user, password, name, description, public: isPublic }: IcecastTarget): string {
  const lines = [
    `PUT ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    'Content-Type: application/ogg',
    'Expect: 100-continue',
    'User-Agent: Partyline',
    `Ice-Name: ${inHeader(name)}`,
    ...(description === '' ? [] : [`Ice-Description: ${inHeader(description)}`]),
    `Ice-Public: ${isPublic ? 1 : 0}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Nothing in a name begins another line. */
function inHeader(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
