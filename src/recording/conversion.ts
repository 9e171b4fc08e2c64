/** Tracks in other formats, made by ffmpeg while they are sent, if the machine has it. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { AppError } from '../lib/errors.ts';

/** Each takes up to a core. */
const MAX_RUNNING = 2;
/** It gets no other secret of the environment either. */
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

  /** What is not read any more is not converted any further. */
  convert(path: string, format: 'flac' | 'wav'): Readable {
    const child = spawn(
      this.#program,
      ['-v', 'error', '-nostdin', '-protocol_whitelist', 'file,pipe', '-f', 'ogg', '-i', path, '-f', format, '-'],
      { stdio: ['ignore', 'pipe', 'ignore'], env: ENVIRONMENT },
    );
    this.#running++;
    child.once('close', () => {
      this.#running--;
    });
    child.once('error', (error) => child.stdout.destroy(error));
    child.once('exit', (code) => {
      if (code !== 0) child.stdout.destroy(new Error(`${this.#program} exited with ${code}`));
    });
    child.stdout.once('close', () => child.kill('SIGKILL'));
    return child.stdout;
  }

  #look(): Promise<boolean> {
    return new Promise((resolve) => {
      const child = spawn(this.#program, ['-version'], { stdio: 'ignore', env: ENVIRONMENT });
      child.once('error', () => {
        // It may be installed later.
        this.#isThere = undefined;
        resolve(false);
      });
      child.once('exit', (code) => resolve(code === 0));
    });
  }
}
