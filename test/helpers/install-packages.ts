/** Runs once before the tests (see .taprc), so that the time that an installation takes is nobody's timeout. */
import { ensureDebianPackages } from './debian-packages.ts';

const missing = ensureDebianPackages([
  'chromium',
  'firefox-esr',
  'pulseaudio',
  'iproute2',
  'util-linux',
  'espeak-ng',
  'coturn',
  'pebble',
  'nginx',
  'prometheus',
  'strace',
  'systemd',
  'tcpdump',
  'faketime',
]);
if (missing !== null) console.error(`Some tests cannot run: ${missing}`);
