/** Whether the clock of the machine can be right at all: machines without a battery for it start in the past. */
import { dateOf, type Millis } from './clock.ts';

/** This program is younger than that, and nobody will run it in this form so much later. */
const EARLIEST_MS: Millis = Date.UTC(2026, 0, 1);
const LATEST_MS: Millis = Date.UTC(2056, 0, 1);

/** @param wallMs of `Clock.wallNow` */
export function isClockPlausible(wallMs: Millis): boolean {
  return wallMs >= EARLIEST_MS && wallMs < LATEST_MS;
}

/** A sentence for the operator whose clock cannot be right. */
export function clockAdvice(wallMs: Millis): string {
  return `The clock of this machine shows ${dateOf(wallMs).toISOString()}, which cannot be right. Set it, for example with "timedatectl set-ntp true".`;
}
