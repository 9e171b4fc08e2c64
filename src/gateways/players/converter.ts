/** Makes Ogg Opus of other files, once for each, if the machine has ffmpeg. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';

/** Each takes up to a core. */
const MAX_RUNNING = 1;
/** Longer than an hour of music takes. */
const MAX_MS: Millis = 120_000;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_KEPT = 32;
const BITRATE = '96k';
/** Those that contain sound and name no other files. */
const FORMATS = 'mp3,wav,w64,flac,ogg,mov,aac,matroska,aiff,caf';
/** Secrets in the server's environment are not passed on. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };

export interface ConverterOptions {
  readonly clock: Clock;
  /** The program; `ffmpeg` by default. */
  readonly program?: string;
}

export class Converter {
  readonly #clock: Clock;
  readonly #program: string;
  /** File and time → what is made of it, the newest last. */
  readonly #made = new Map<string, Promise<string>>();
  #directory: Promise<string> | undefined;
  #running = 0;
  #kill: () => void = () => {};
  #isClosed = false;
  #count = 0;

  constructor({ clock, program = 'ffmpeg' }: ConverterOptions) {
    this.#clock = clock;
    this.#program = program;
  }

  /** Resolves with the path of a file of Ogg Opus. Rejects with `unsupported_media`, `server_busy` or `server_closing`. */
  async convert(path: string): Promise<string> {
    const { mtimeMs, size } = await stat(path);
    if (this.#isClosed) throw new AppError('server_closing');
    const key = `${path} ${mtimeMs} ${size}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    if (this.#running >= MAX_RUNNING) throw new AppError('server_busy', 'It is converting another file.');
    const making = this.#make(path);
    this.#made.set(key, making);
    making.catch(() => this.#made.delete(key));
    void this.#forgetOldest();
    return making;
  }

  /** Ends a conversion, and forgets what was made. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#kill();
    await Promise.allSettled(this.#made.values());
    const directory = await this.#directory;
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }

  async #make(path: string): Promise<string> {
    this.#running++;
    try {
      this.#directory ??= mkdtemp(join(tmpdir(), 'partyline-sounds-'));
      const out = join(await this.#directory, `${++this.#count}.opus`);
      const isMade = await this.#run([
        ...['-v', 'error', '-nostdin', '-protocol_whitelist', 'file', '-format_whitelist', FORMATS],
        ...['-i', `file:${path}`, '-vn', '-sn', '-dn', '-map_metadata', '-1', '-ac', '2', '-c:a', 'libopus'],
        ...['-b:a', BITRATE, '-fs', String(MAX_BYTES), '-f', 'ogg', `file:${out}`],
      ]);
      // At the limit it is cut.
      if (isMade && (await stat(out)).size < MAX_BYTES - 1_000_000) return out;
      await rm(out, { force: true });
      throw new AppError('unsupported_media');
    } finally {
      this.#running--;
    }
  }

  #run(flags: readonly string[]): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#isClosed) {
        resolve(false);
        return;
      }
      let cancel: Cancel = () => {};
      const child = spawn(this.#program, flags, { stdio: 'ignore', env: ENVIRONMENT });
      this.#kill = () => child.kill('SIGKILL');
      const end = (isMade: boolean): void => {
        cancel();
        this.#kill = () => {};
        resolve(isMade);
      };
      child.once('error', () => end(false));
      child.once('exit', (code) => end(code === 0));
      cancel = this.#clock.setTimer(this.#clock.now() + MAX_MS, () => this.#kill());
    });
  }

  async #forgetOldest(): Promise<void> {
    const [oldest] = this.#made;
    if (this.#made.size <= MAX_KEPT || oldest === undefined) return;
    const [key, making] = oldest;
    this.#made.delete(key);
    // Whoever plays it has it open.
    await making.then((out) => rm(out, { force: true })).catch(() => {});
  }
}
