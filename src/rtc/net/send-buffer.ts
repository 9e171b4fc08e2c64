/** The buffer for outgoing packets, reused so that sending produces no garbage. */

/** Larger than any packet that we send: the size of an Ethernet frame. */
export const SEND_BUFFER_LENGTH = 1500;

export class SendBuffer {
  #bytes = Buffer.alloc(SEND_BUFFER_LENGTH);
  /** Views by length: `dgram` sends whole views, and creating one costs as much as writing a header. */
  #views: (Buffer | undefined)[] = [];

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The first `length` bytes. */
  view(length: number): Buffer {
    let view = this.#views[length];
    if (view === undefined) {
      view = this.#bytes.subarray(0, length);
      this.#views[length] = view;
    }
    return view;
  }

  /** Leaves the current bytes to a send in progress. */
  renew(): void {
    this.#bytes = Buffer.alloc(SEND_BUFFER_LENGTH);
    this.#views = [];
  }
}
