/** What the rules of a room with space allow its clients. */
export interface SpaceView {
  /**
   * Who places players. With `tethered`, `pose` moves the ears of the own player, up to `tether` metres from where the
   * game server placed it. With `client`, it moves the player.
   */
  readonly positions: 'server' | 'tethered' | 'client';
  /** In metres. */
  readonly tether: number;
  /** Whether `turn` has an effect: with `client`. */
  readonly turn: 'client' | 'server';
  /** Of positions in `pose`. */
  readonly axes: 'godot' | 'unity' | 'unreal' | 'source';
  readonly metresPerUnit: number;
}
