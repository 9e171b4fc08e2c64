/**
 * Imported first by a test with real browsers: runs that test again inside a network namespace of its own, with the
 * address `PRIVATE_ADDRESS`. Nothing can leave it, and Firefox, which uses no loopback address for WebRTC, finds one that
 * it takes.
 */
import { enterPrivateNetwork } from './private-address.ts';

export { PRIVATE_ADDRESS } from './private-address.ts';

/** What real browsers need and this machine does not have; null if all of it is there. */
export const missingForBrowsers: string | null = enterPrivateNetwork([
  'chromium',
  'firefox-esr',
  'pulseaudio',
  'nftables',
]);
