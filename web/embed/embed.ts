/**
 * Puts the page of a room into a frame of another site: `/embed.js` of the server. docs/sdk.md describes the messages.
 * Small, because it only passes messages on.
 */

export interface FrameOptions {
  /** Such as `https://voice.example.org`. */
  server: string;
  room: string;
  title?: string;
  /** Of the page, such as `de`; without it, the one of the browser. */
  language?: string;
}

type Listener = (data: never) => void;

/** A room in a frame. Its methods send commands, and resolve when the page has carried them out. */
export class PartylineFrame {
  readonly element = document.createElement('iframe');
  readonly #origin: string;
  readonly #pending: [resolve: (data: unknown) => void, reject: (error: Error) => void][] = [];
  readonly #listeners: [name: string, listener: Listener][] = [];
  readonly #ready: Promise<void>;

  constructor(parent: Element, { server, room, title = 'Voice', language = '' }: FrameOptions) {
    const url = new URL(`room/${encodeURIComponent(room)}?embed=1`, `${server.replace(/\/$/, '')}/`);
    if (language !== '') url.searchParams.set('lang', language);
    this.#origin = url.origin;
    this.element.allow = 'microphone; autoplay; speaker-selection';
    this.element.title = title;
    addEventListener('message', this.#receive);
    this.#ready = new Promise((resolve) => {
      this.on('ready', resolve);
    });
    // The page does not know who frames it, so it waits until it is greeted.
    this.on('loaded', () => this.#post({ command: 'hello', id: -1 }));
    this.element.src = url.href;
    parent.append(this.element);
  }

  /** The join token goes by message, so it is never in an address. */
  join(data: { name: string; token?: string; password?: string; muted?: boolean }): Promise<unknown> {
    return this.send('join', data);
  }

  /** Sends any command. Rejects with an error with a `code`. */
  async send(command: string, data?: unknown): Promise<unknown> {
    await this.#ready;
    return new Promise((resolve, reject) => {
      this.#post({ command, data, id: this.#pending.push([resolve, reject]) - 1 });
    });
  }

  on(name: string, listener: Listener): void {
    this.#listeners.push([name, listener]);
  }

  close(): void {
    removeEventListener('message', this.#receive);
    this.element.remove();
  }

  #post(message: object): void {
    this.element.contentWindow?.postMessage({ partyline: 1, ...message }, this.#origin);
  }

  readonly #receive = ({ source, origin, data }: MessageEvent) => {
    if (source !== this.element.contentWindow || origin !== this.#origin || data?.partyline !== 1) return;
    const { event, reply, error, data: value } = data;
    for (const [name, listener] of this.#listeners) if (name === event) listener(value as never);
    const [resolve, reject] = this.#pending[reply] ?? [];
    if (error) reject?.(Object.assign(new Error(error.message), { code: error.code }));
    else resolve?.(value);
  };
}

/** `<partyline-voice server="…" room="…" lang="…">`. Its events are those of the frame, with the data in `detail`. */
class PartylineVoice extends HTMLElement {
  frame: PartylineFrame | undefined;

  connectedCallback(): void {
    const attribute = (name: string) => this.getAttribute(name) ?? '';
    const options = { server: attribute('server'), room: attribute('room'), language: attribute('lang') };
    this.frame = new PartylineFrame(this, options);
    this.frame.element.style.cssText = 'border:0;width:100%;height:100%';
    for (const name of ['ready', 'state', 'participants', 'speaking', 'problem'])
      this.frame.on(name, (detail) => this.dispatchEvent(new CustomEvent(name, { detail })));
  }

  disconnectedCallback(): void {
    this.frame?.close();
  }
}

customElements.define('partyline-voice', PartylineVoice);
