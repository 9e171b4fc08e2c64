/**
 * A test with real browsers imports this first. It runs the test again in its own network namespace, with the address
 * `PRIVATE_ADDRESS`. Nothing can leave it, and Firefox, which uses no loopback address for WebRTC, finds a usable one.
 */
import { enterPrivateNetwork } from './private-address.ts';

export { PRIVATE_ADDRESS } from './private-address.ts';

/** What real browsers need and this machine lacks; null if nothing is missing. */
export const missingForBrowsers: string | null = enterPrivateNetwork([
  'chromium',
  'firefox-esr',
  'pulseaudio',
  'nftables',
]);
