/** Debian's Mumble, without a display: a program that people use, with a microphone and a loudspeaker that are files. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { IS_LATER_MUMBLE, mumbleProgram } from './mumble-generation.ts';
import { toInt16, tone, toneLevelDbfs } from './signal.ts';
import { startSoundDaemon } from './sound-daemon.ts';

const run = promisify(execFile);

/** The packages that it needs. */
export const MUMBLE_PACKAGES = [
  'dbus-bin',
  'dbus-daemon',
  'mumble',
  'openssl',
  'pulseaudio',
  'pulseaudio-utils',
  'python3',
];

const TONE_S = 10;
/** 10 ms. */
const MOMENT_SAMPLES = 480;
/** About one start in ten plays nothing. */
const STARTS = 5;
/** Usually it takes two seconds. */
const PLAYS_WITHIN_MS = 15_000;
/** It asks nothing, sends as long as there is sound or always, and changes nothing in it. */
const SETTINGS = `[General]
lastupdate=2

[audio]
input=PulseAudio
output=PulseAudio
transmit=0
noisesupress=0
loudness=30000
attenuateothers=false

[ui]
usage=false
updatecheck=false
pluginoverlaycheck=false
plugincheck=false
askonquit=false
`;
/** The same since 1.5. */
const LATER_SETTINGS = {
  settings_version: 1,
  mumble_has_quit_normally: true,
  audio: {
    input_system: 'PulseAudio',
    output_system: 'PulseAudio',
    transmit_mode: 'Continuous',
    noise_cancel_mode: 'Off',
    loudness: 30_000,
    attenuate_external_applications: false,
  },
  misc: { audio_wizard_has_been_shown: true, viewed_server_ping_consent_message: true },
  ui: { quit_behavior: 'AlwaysQuit', send_usage_statistics: false },
  update: { check_for_updates: false, check_for_plugin_updates: false, auto_update_plugins: false },
};
/** The file of its database, with the certificate that it has accepted. */
const TRUST = `import sqlite3, sys
file, host, port, digest = sys.argv[1:]
with sqlite3.connect(file) as db:
    db.execute('CREATE TABLE cert (id INTEGER PRIMARY KEY AUTOINCREMENT, hostname TEXT, port INTEGER, digest TEXT)')
    db.execute('INSERT INTO cert (hostname, port, digest) VALUES (?, ?, ?)', (host, port, digest))
`;

export interface MumbleDesktopOptions {
  readonly port: number;
  readonly name: string;
  readonly channel: string;
  /** What its microphone picks up. */
  readonly frequencyHz: number;
}

export type MumbleDesktop = Awaited<ReturnType<typeof startMumbleDesktop>>;

export async function startMumbleDesktop({ port, name, channel, frequencyHz }: MumbleDesktopOptions) {
  const home = await mkdtemp(join(tmpdir(), 'partyline-mumble-'));
  const [config, data, documents] = ['.config/Mumble', '.local/share/Mumble/Mumble', 'Documents'].map((folder) =>
    join(home, folder),
  ) as [string, string, string];
  for (const folder of [config, data, documents]) await mkdir(folder, { recursive: true });
  await writeFile(join(config, 'Mumble.conf'), SETTINGS);
  const laterSettings = join(home, 'settings.json');
  const misc = { ...LATER_SETTINGS.misc, database_location: join(data, 'mumble.sqlite') };
  await writeFile(laterSettings, JSON.stringify({ ...LATER_SETTINGS, misc }));
  await makeCertificate(home, join(documents, 'MumbleAutomaticCertificateBackup.p12'));
  await run('python3', ['-c', TRUST, join(data, 'mumble.sqlite'), '127.0.0.1', String(port), await digestOf(port)]);
  const daemon = await startSoundDaemon();
  const environment = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, PULSE_SERVER: daemon.server };
  const pactl = (...args: string[]) => run('pactl', args, { env: environment });
  await pactl('load-module', 'module-null-sink', 'sink_name=microphone', 'rate=48000');
  await pactl('set-default-source', 'microphone.monitor');
  await pactl('set-default-sink', 'null');
  const raw = ['--raw', '--rate=48000', '--channels=1', '--format=s16le', '--latency-msec=20'];
  const microphone = spawn('pacat', ['-d', 'microphone', ...raw], {
    env: environment,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  microphone.stdin.on('error', () => {});
  const loudspeaker = spawn('parec', ['-d', 'null.monitor', ...raw], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let heard: Buffer[] = [];
  let onHeard = () => {};
  loudspeaker.stdout.on('data', (bytes: Buffer) => {
    heard.push(bytes);
    onHeard();
  });
  let isTalking = true;
  const sound = Buffer.from(toInt16(tone({ frequencyHz, samples: 48_000 * TONE_S })).buffer);
  const silence = Buffer.alloc(sound.length);
  const feed = async (): Promise<void> => {
    for (let at = 0; microphone.exitCode === null && microphone.stdin.writable; at = (at + 9600) % sound.length)
      if (!microphone.stdin.write((isTalking ? sound : silence).subarray(at, at + 9600)))
        await once(microphone.stdin, 'drain').catch(() => {});
  };
  void feed();
  const url = `mumble://${name}@127.0.0.1:${port}/${channel}?version=1.2.0`;
  const files = IS_LATER_MUMBLE ? ['-c', laterSettings, '--default-certificate-dir', documents] : [];
  const script = 'echo "bus $DBUS_SESSION_BUS_ADDRESS"; exec "$0" "$@"';
  const [command, args] = mumbleProgram('mumble', ['-m', ...files, url]);
  let output = '';
  /** The first line of its standard output. The other stream may break into any line. */
  let bus = '';
  const start = () => {
    [output, bus] = ['', ''];
    const started = spawn('dbus-run-session', ['--', 'sh', '-c', script, command, ...args], {
      env: { ...environment, QT_QPA_PLATFORM: 'offscreen' },
      cwd: home,
      detached: true,
    });
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes));
    createInterface(started.stdout).once('line', (line) => {
      bus = line.replace('bus ', '');
    });
    return started;
  };
  /** Whether it plays into the loudspeaker: its PulseAudio part does not always begin. */
  const plays = async (): Promise<boolean> => {
    const rows = async (what: string) =>
      (await pactl('list', 'short', what)).stdout.split('\n').map((row) => row.split('\t'));
    const [index] = (await rows('sinks')).find(([, sink]) => sink === 'null') ?? [];
    return (await rows('sink-inputs')).some(([, sink]) => sink !== undefined && sink === index);
  };
  let program = start();
  for (let left = STARTS - 1; ; left--) {
    const isPlaying = await eventually(async () => (await plays()) || 'it plays nothing', PLAYS_WITHIN_MS).then(
      () => true,
      (error) => {
        if (left === 0) throw new Error(`Mumble does not begin to play: ${output.slice(-2000)}`, { cause: error });
        return false;
      },
    );
    if (isPlaying) break;
    await end(program);
    program = start();
  }
  const call = async (method: string, ...args: string[]): Promise<string> => {
    await eventually(() => bus !== '' || output);
    const target = ['--session', '--print-reply', '--dest=net.sourceforge.mumble.mumble', '/'];
    const { stdout } = await run('dbus-send', [...target, `net.sourceforge.mumble.Mumble.${method}`, ...args], {
      env: { ...environment, DBUS_SESSION_BUS_ADDRESS: bus },
    });
    return stdout;
  };
  return {
    output: () => output,
    setTalking: (talks: boolean) => {
      isTalking = talks;
    },
    call,
    /** Whom its window shows as talking. */
    talking: async () => [...(await call('getTalkingUsers')).matchAll(/string "(.*)"/g)].map(([, who]) => who),
    /** What its loudspeaker plays from now on, for so many seconds. */
    listen: async (seconds: number): Promise<Int16Array> => {
      heard = [];
      const wanted = seconds * 96_000;
      await eventually(() => heard.reduce((sum, { length }) => sum + length, 0) >= wanted || 'it plays nothing');
      const all = Uint8Array.from(Buffer.concat(heard).subarray(0, wanted));
      return new Int16Array(all.buffer);
    },
    /** Resolves when its loudspeaker begins to play this tone. */
    beginsToPlay: (frequencyHz: number, leastDbfs: number): Promise<void> =>
      new Promise((resolve) => {
        heard = [];
        onHeard = () => {
          const bytes = Uint8Array.from(Buffer.concat(heard));
          const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1).subarray(-MOMENT_SAMPLES);
          if (samples.length < MOMENT_SAMPLES || toneLevelDbfs(samples, frequencyHz) < leastDbfs) return;
          onHeard = () => {};
          resolve();
        };
      }),
    close: async () => {
      await end(program);
      microphone.kill('SIGKILL');
      loudspeaker.kill('SIGKILL');
      await daemon.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function end(program: ChildProcess): Promise<void> {
  const ended = program.exitCode === null ? once(program, 'exit') : undefined;
  try {
    process.kill(-program.pid!, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
  await ended;
}

/** Without a certificate a wizard would ask for one. */
async function makeCertificate(folder: string, file: string): Promise<void> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=Desk', '-days', '30'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    ...subject,
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  await run('openssl', ['pkcs12', '-export', '-inkey', key, '-in', certificate, '-out', file, '-passout', 'pass:']);
}

/** Of the server's certificate, as Mumble remembers it. */
async function digestOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint = '' } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return fingerprint.replaceAll(':', '').toLowerCase();
}
