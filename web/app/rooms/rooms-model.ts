import { computed, signal } from '@preact/signals';
import type { ListedRoom } from '../../../src/protocol/rooms.ts';
import type { VoiceClient } from '../../sdk/voice-client.ts';
import { VoiceError } from '../../sdk/voice-error.ts';

/** A password is needed for the way into a room. */
export interface AskedPassword {
  readonly room: string;
  readonly isWrong: boolean;
}

/** Wide enough for the list beside the people. */
const WIDE = '(min-width: 60rem)';

/** The list of rooms, and the way to another. */
export class RoomsModel {
  /** Null if the server has none; empty while it is not shown. */
  readonly list = signal<readonly ListedRoom[] | null>(null);
  readonly isOpen = signal(globalThis.matchMedia?.(WIDE).matches ?? false);
  readonly isShown = computed(() => this.isOpen.value && this.list.value !== null);
  /** The room to which a switch is on its way. */
  readonly goingTo = signal<string | null>(null);
  readonly askedPassword = signal<AskedPassword | null>(null);
  readonly #client: VoiceClient;

  constructor(client: VoiceClient) {
    this.#client = client;
    client.on('rooms', (list) => {
      this.list.value = list;
    });
    client.on('state', ({ status }) => {
      if (status === 'closed') this.askedPassword.value = null;
    });
  }

  /** On a small screen the list covers the room. */
  closeIfCovering(): void {
    if (!matchMedia(WIDE).matches) this.isOpen.value = false;
  }

  /**
   * Goes to a room. Asks for its password if it needs one. Resolves with the password that was right; null if this
   * participant is still where they were. Rejects with a `VoiceError` for what a password cannot mend.
   */
  async goTo(room: string, password = ''): Promise<string | null> {
    if (this.goingTo.value !== null) return null;
    this.goingTo.value = room;
    try {
      await this.#client.switchRoom(room, password === '' ? {} : { password });
      this.askedPassword.value = null;
      return password;
    } catch (error) {
      const code = error instanceof VoiceError ? error.code : '';
      if (code !== 'password_required' && code !== 'wrong_password') {
        this.askedPassword.value = null;
        throw error;
      }
      this.askedPassword.value = { room, isWrong: code === 'wrong_password' };
      return null;
    } finally {
      this.goingTo.value = null;
    }
  }
}
