import type { RoomSignaling } from './room-signaling.ts';

/** One session by WHIP or WHEP. */
export class BroadcastSignaling implements RoomSignaling {
  readonly #endpoint: string;
  readonly #token: string | undefined;
  #url = '';
  #session: URL | null = null;

  /** @param endpoint such as `http://127.0.0.1:8080/whip/` */
  constructor(endpoint: string, token?: string) {
    this.#endpoint = endpoint;
    this.#token = token;
  }

  async join(room: string, name: string): Promise<void> {
    this.#url = `${this.#endpoint}${encodeURIComponent(room)}?name=${encodeURIComponent(name)}`;
  }

  async negotiate(offerSdp: string): Promise<string> {
    const headers = {
      'content-type': 'application/sdp',
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
    };
    const response = await fetch(this.#url, { method: 'POST', headers, body: offerSdp });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`${response.status}: ${answer}`);
    this.#session = new URL(response.headers.get('location') ?? '', this.#url);
    return answer;
  }

  close(): void {
    if (this.#session !== null) fetch(this.#session, { method: 'DELETE' }).catch(() => {});
    this.#session = null;
  }
}
