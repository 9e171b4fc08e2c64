import type { ClientMessageInput, ServerMessage, SpaceView } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';

/** The server applies a few more than this in a second. */
const INTERVAL_MS = 50;
/** Smaller turns are not worth a message. */
const MIN_TURN_DEGREES = 0.5;

export type Position = readonly [x: number, y: number, z: number];

/** Where this participant's player is and looks, in a room with space. May be called in each frame of a game. */
export class PlayerPose {
  readonly #environment: Environment;
  readonly #send: (message: ClientMessageInput) => void;
  #rules: SpaceView | null = null;
  #yaw: number | undefined;
  #position: Position | undefined;
  #sentYaw: number | undefined;
  #sentPosition: Position | undefined;
  #cancelPause: (() => void) | null = null;

  /** @internal */
  constructor(environment: Environment, send: (message: ClientMessageInput) => void) {
    this.#environment = environment;
    this.#send = send;
  }

  /** The player looks in this direction, in degrees clockwise from above; 0 is the forward axis of the game. */
  turn(yaw: number): void {
    if (!Number.isFinite(yaw)) throw new RangeError('the yaw must be a number');
    this.#yaw = yaw % 360;
    this.#sendSoon();
  }

  /**
   * The player is here, in the axes and units of the room, and looks in this direction. Nothing is sent of a position
   * while the room's rules leave that to the game server (`mayPose`).
   */
  pose(position: Position, yaw?: number): void {
    if (!position.every(Number.isFinite)) throw new RangeError('a position has three numbers');
    this.#position = [...position];
    if (yaw !== undefined) this.#yaw = yaw % 360;
    this.#sendSoon();
  }

  /**
   * Every message of the server. In another room or connection, the last values are sent again.
   * @internal
   */
  receive(message: ServerMessage): void {
    if (message.type === 'space') this.#rules = message.space;
    else if (message.type === 'joined' || message.type === 'moved') {
      this.#rules = message.space ?? null;
      this.#sentYaw = this.#sentPosition = undefined;
    } else return;
    this.#sendSoon();
  }

  /** The rules of the room for clients; null in a room without space. */
  get rules(): SpaceView | null {
    return this.#rules;
  }

  /** Whether `pose` has an effect: it moves the player with `client`, and only the ears with `tethered`. */
  get mayPose(): boolean {
    return this.#rules !== null && this.#rules.positions !== 'server';
  }

  /**
   * The participant has left: nothing more is sent, and the last values are forgotten.
   * @internal
   */
  left(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    this.#yaw = this.#position = this.#sentYaw = this.#sentPosition = undefined;
    this.#rules = null;
  }

  #sendSoon(): void {
    if (this.#cancelPause || !this.#sendNew()) return;
    this.#cancelPause = this.#environment.setTimer(INTERVAL_MS, () => {
      this.#cancelPause = null;
      this.#sendSoon();
    });
  }

  /** False if there is nothing new. */
  #sendNew(): boolean {
    const [yaw, position] = [this.#yaw, this.#position];
    const hasMoved = position?.some((value, axis) => value !== this.#sentPosition?.[axis]);
    const hasTurned =
      yaw !== undefined && Math.abs(yaw - (this.#sentYaw ?? Number.POSITIVE_INFINITY)) >= MIN_TURN_DEGREES;
    const mayPose = this.#rules?.positions !== 'server';
    if (position !== undefined && hasMoved && mayPose) this.#send({ type: 'pose', position, yaw });
    else if (yaw !== undefined && hasTurned) this.#send({ type: 'turn', yaw });
    else return false;
    this.#sentYaw = yaw;
    if (mayPose) this.#sentPosition = position;
    return true;
  }
}
