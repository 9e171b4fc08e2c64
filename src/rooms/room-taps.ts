/** Several recorders of one room share the room's tap. */
import type { MediaRoom, RoomTapRequest, RoomTapSink, RoomTapSubscription } from '../media/plane.ts';

/** Has one tap at a time, as a room of the media plane. */
export type TapSlot = Pick<MediaRoom, 'setTap'>;

const NOTHING: RoomTapRequest = { voices: false, mix: false };

export class RoomTaps {
  readonly #media: () => TapSlot | undefined;
  readonly #taps = new Map<TapSlot, RoomTapSubscription>();
  readonly #sink: RoomTapSink = {
    voice: (packet) => {
      for (const { request, sink } of this.#taps.values()) if (request.voices) sink.voice(packet);
    },
    mix: (packet) => {
      for (const { request, sink } of this.#taps.values()) if (request.mix) sink.mix(packet);
    },
  };
  #wanted = NOTHING;

  /** @param media undefined once the room is closed: a recorder that ends later must not open its media again */
  constructor(media: () => TapSlot | undefined) {
    this.#media = media;
  }

  /** A place for one recorder. */
  slot(): TapSlot {
    const slot: TapSlot = {
      setTap: (tap) => {
        if (tap === null) this.#taps.delete(slot);
        else this.#taps.set(slot, tap);
        this.#apply();
      },
    };
    return slot;
  }

  /** The media plane is only told of what changes for it, so that no packet is missed. */
  #apply(): void {
    const requests = Array.from(this.#taps.values(), ({ request }) => request);
    const voices = requests.some((request) => request.voices);
    const mix = requests.some((request) => request.mix);
    const live = requests.some((request) => request.live === true);
    const before = this.#wanted;
    if (voices === before.voices && mix === before.mix && live === (before.live ?? false)) return;
    this.#wanted = { voices, mix, ...(live && { live }) };
    this.#media()?.setTap(voices || mix ? { request: this.#wanted, sink: this.#sink } : null);
  }
}
