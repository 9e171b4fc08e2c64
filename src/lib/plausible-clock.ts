/** Whether the machine's clock can be right: machines without a battery-backed clock start in the past. */
import { dateOf, type Millis } from './clock.ts';

/** This program did not exist before the first of these times, and nobody will run this version after the second. */
const EARLIEST_MS: Millis = Date.UTC(2026, 0, 1);
const LATEST_MS: Millis = Date.UTC(2056, 0, 1);

/** @param wallMs from `Clock.wallNow` */
export function isClockPlausible(wallMs: Millis): boolean {
  return wallMs >= EARLIEST_MS && wallMs < LATEST_MS;
}

/** Advice for an operator whose clock cannot be right. */
export function clockAdvice(wallMs: Millis): string {
  return `The clock of this machine shows ${dateOf(wallMs).toISOString()}, which cannot be right. Set it, for example with "timedatectl set-ntp true".`;
}
