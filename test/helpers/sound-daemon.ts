import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Only a limit for one that does not start at all. */
const START_TIMEOUT_MS = 60_000;

export interface SoundDaemon {
  /** For the environment of a program that plays sound. */
  readonly server: string;
  close(): Promise<void>;
}

/** A PulseAudio that plays into nothing. Without one, Firefox starts no AudioContext. */
export async function startSoundDaemon(): Promise<SoundDaemon> {
  const directory = await mkdtemp(join(tmpdir(), 'partyline-sound-'));
  const socket = join(directory, 'pulse.sock');
  const daemon = spawn(
    'pulseaudio',
    [
      '-n',
      '--daemonize=no',
      '--exit-idle-time=-1',
      '--use-pid-file=no',
      '-L',
      `module-native-protocol-unix auth-anonymous=1 socket=${socket}`,
      '-L',
      'module-null-sink sink_name=null rate=48000',
    ],
    { env: { ...process.env, XDG_RUNTIME_DIR: directory, HOME: directory }, stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const close = async () => {
    daemon.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!existsSync(socket)) {
    if (Date.now() > deadline || daemon.exitCode !== null) {
      await close();
      throw new Error('pulseaudio did not start');
    }
    await sleep(50);
  }
  return { server: `unix:${socket}`, close };
}
