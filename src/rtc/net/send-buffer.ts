/** The buffer in which outgoing packets are written, one after the other, so that sending makes no garbage. */

/** More than any packet that we send: an Ethernet frame's worth. */
export const SEND_BUFFER_LENGTH = 1500;

export class SendBuffer {
  #bytes = Buffer.alloc(SEND_BUFFER_LENGTH);
  /** Views by length: `dgram` sends whole views, and making one costs as much as writing a header. */
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

  /** Leaves the present bytes to a send that is still under way. */
  renew(): void {
    this.#bytes = Buffer.alloc(SEND_BUFFER_LENGTH);
    this.#views = [];
  }
}
