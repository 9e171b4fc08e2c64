import { spawnSync } from 'node:child_process';

/** The Debian packages that tests use, and which tests use them. A test may use only packages in this table. */
export const TEST_PACKAGES = {
  binutils: 'the executable: strip',
  buildah: 'deploy/docker: the container',
  chromium: 'browser tests',
  coturn: 'TURN in browsers and in "partyline check"',
  curl: 'the examples in docs/api.md',
  'dbus-bin': 'the desktop client of Mumble: who it shows as talking',
  'dbus-daemon': 'the desktop client of Mumble',
  'espeak-ng': 'tests with speech',
  faketime: 'tests that move the clock of the machine',
  ffmpeg: 'recordings: an independent player, and other formats',
  'firefox-esr': 'browser tests',
  fuse3: 'recordings on a slow disk',
  'g++-aarch64-linux-gnu': 'the executable for arm64: the codec',
  'gir1.2-gst-plugins-bad-1.0': 'GStreamer as a client: its WebRTC, from Python',
  'gstreamer1.0-nice': 'GStreamer as a client: ICE',
  'gstreamer1.0-plugins-bad': 'GStreamer as a client: webrtcbin',
  'gstreamer1.0-plugins-base': 'GStreamer as a client: Opus',
  'gstreamer1.0-plugins-good': 'GStreamer as a client: RTP',
  haproxy: 'the PROXY protocol',
  icecast2: 'rooms sent to Icecast',
  iproute2: 'tests in a network of their own: ip, tc',
  lintian: 'the package for Debian',
  mumble: 'the desktop client of Mumble',
  'mumble-server': 'rooms coupled with another Mumble server',
  nftables: 'tests behind NAT and firewalls',
  nginx: 'deploy/nginx',
  'oggz-tools': 'recordings: oggz-validate',
  openssl: 'the desktop client of Mumble: its certificate',
  'opus-tools': 'recordings: opusinfo',
  pebble: 'certificates by ACME',
  prometheus: 'deploy/prometheus: promtool, alerts',
  pulseaudio: 'sound for Firefox and the desktop client of Mumble',
  'pulseaudio-utils': 'the desktop client of Mumble: its microphone and loudspeaker',
  python3: 'the desktop client of Mumble: its database',
  'python3-aiortc': 'aiortc as a client',
  'python3-fusepy': 'recordings on a slow disk',
  'python3-gi': 'GStreamer as a client: its Python bindings',
  'qemu-user-static': 'the executable for arm64: an emulator',
  'redis-server': 'clusters',
  strace: 'deploy/systemd: system calls',
  systemd: 'deploy/systemd: the unit, and what the server tells it',
  tcpdump: 'captures',
  unzip: 'archives of recordings',
  'util-linux': 'tests in a network of their own: unshare, nsenter',
};

/** Returns which of these packages are not installed. Without dpkg these are all of them. */
export function notInstalled(packages) {
  return packages.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Status}', name], { encoding: 'utf8' });
    return !stdout?.includes('install ok installed');
  });
}
