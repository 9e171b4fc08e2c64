/** Tracks in other formats, made by ffmpeg while they are sent, if the machine has it. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { AppError } from '../lib/errors.ts';

/** Each takes up to a core. */
const MAX_RUNNING = 2;
/** Secrets in the server's environment are not passed on. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };

export class Converter {
  readonly #program: string;
  #running = 0;
  #isThere: Promise<boolean> | undefined;

  constructor(program = 'ffmpeg') {
    this.#program = program;
  }

  /** Rejects with `no_converter` or `server_busy`. */
  async check(): Promise<void> {
    this.#isThere ??= this.#look();
    if (!(await this.#isThere)) throw new AppError('no_converter');
    if (this.#running >= MAX_RUNNING) throw new AppError('server_busy', 'It is converting other files.');
  }

  /** Stops converting when the reader goes away. Throws `server_busy`. */
  convert(path: string, format: 'flac' | 'wav'): Readable {
    if (this.#running >= MAX_RUNNING) throw new AppError('server_busy', 'It is converting other files.');
    const child = spawn(
      this.#program,
      ['-v', 'error', '-nostdin', '-protocol_whitelist', 'file,pipe', '-f', 'ogg', '-i', path, '-f', format, '-'],
      { stdio: ['ignore', 'pipe', 'ignore'], env: ENVIRONMENT },
    );
    // Without file descriptors there is not even a pipe.
    const stdout = child.stdout as Readable | null | undefined;
    if (stdout == null) {
      child.once('error', () => {});
      throw new AppError('server_busy');
    }
    this.#running++;
    child.once('close', () => {
      this.#running--;
    });
    child.once('error', (error) => stdout.destroy(error));
    child.once('exit', (code) => {
      if (code !== 0) stdout.destroy(new Error(`${this.#program} exited with ${code}`));
    });
    stdout.once('close', () => child.kill('SIGKILL'));
    return stdout;
  }

  #look(): Promise<boolean> {
    return new Promise((resolve) => {
      const child = spawn(this.#program, ['-version'], { stdio: 'ignore', env: ENVIRONMENT });
      child.once('error', () => {
        // It may be installed later.
        this.#isThere = undefined;
        resolve(false);
      });
      child.once('exit', (code) => {
        if (code !== 0) this.#isThere = undefined;
        resolve(code === 0);
      });
    });
  }
}
