/** One end of a link to another server, in the worker that has it. It is no participant, but part of the room. */
import type { LinkKind } from '../../mixer/source/mix-source.ts';
import type { LinkParameters } from '../../rtc/link-options.ts';
import type { MemberState } from '../plane.ts';
import { ControlSeat, type SeatContext } from './control-seat.ts';

const STATE: MemberState = { muted: false, deafened: false, hearing: [] };

export interface LinkSeatOptions {
  readonly roomId: number;
  /** What the other end is. */
  readonly kind: LinkKind;
  readonly parameters: LinkParameters;
  /** The link is lost: nothing comes over it any more, or its worker is gone. Called once, not after `close`. */
  readonly onLost: () => void;
}

export class LinkControlSeat extends ControlSeat {
  readonly #options: LinkSeatOptions;

  constructor(options: LinkSeatOptions, context: SeatContext) {
    let isOver = false;
    const lost = (): void => {
      if (isOver) return;
      isOver = true;
      options.onLost();
    };
    super(
      context,
      { state: STATE, events: { connected: () => {}, silent: () => {}, closed: lost } },
      { roomId: options.roomId, onLeft: () => {} },
    );
    this.#options = options;
  }

  start(): void {
    const { kind, parameters } = this.#options;
    this.post({
      type: 'add_member',
      memberId: this.id,
      roomId: this.roomId,
      kind,
      state: this.initialState,
      endpoint: { kind: 'link', parameters },
    });
  }

  /** Its worker dies with everything in it, and nobody waits for another one. */
  override lose(): void {
    this.end('media_failed');
  }

  protected free(): void {}
}
