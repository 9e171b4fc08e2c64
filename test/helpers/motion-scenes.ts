/** How people move in games, as far as it is hard for the ear: a talker around a listener in the middle. */
export interface MotionScene {
  readonly name: string;
  /** The place of the talker and the yaw of the listener, by the time in seconds. */
  readonly at: (s: number) => { readonly at: readonly [x: number, y: number, z: number]; readonly yaw: number };
}

const isEven = (s: number) => Math.floor(s) % 2 === 0;

export const MOTION_SCENES: readonly MotionScene[] = [
  { name: 'runs past at 6 m/s, 1.5 m away', at: (s) => ({ at: [6 * ((s % 4) - 2), 0, -1.5], yaw: 0 }) },
  {
    name: 'turns by 180 degrees a second, 3 m away',
    at: (s) => ({ at: [0, 0, -3], yaw: ((180 * s + 180) % 360) - 180 }),
  },
  { name: 'a flick of the mouse by 180 degrees', at: (s) => ({ at: [3, 0, 0], yaw: isEven(s) ? 0 : 180 }) },
  { name: 'teleports between 2 and 20 m', at: (s) => ({ at: [0, 0, isEven(s) ? -2 : -20], yaw: 0 }) },
];
