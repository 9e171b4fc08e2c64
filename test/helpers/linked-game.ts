/** A game that writes Mumble's shared memory: a C program, so that the compiler says where each field is. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../examples/link-writer.c', import.meta.url));

/** Null if there is a C compiler. */
export const missingForLinkedGame: string | null =
  spawnSync('cc', ['--version']).status === 0 ? null : 'there is no C compiler (cc)';

export interface Frame {
  readonly at: readonly [x: number, y: number, z: number];
  /** Where the camera looks, on the ground. */
  readonly front: readonly [x: number, z: number];
}

export class LinkedGame {
  /** The file of its memory. */
  readonly path: string;
  readonly #child: ChildProcess;

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    this.#child = child;
  }

  /** @param folder where the program may be built */
  static start(folder: string): LinkedGame {
    const program = join(folder, 'link-writer');
    execFileSync('cc', ['-o', program, SOURCE, '-lrt']);
    const name = `MumbleLink.test-${process.pid}-${Date.now()}`;
    return new LinkedGame(`/dev/shm/${name}`, spawn(program, [`/${name}`], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Resolves when it is in the memory. */
  async draw({ at, front }: Frame): Promise<void> {
    const drawn = once(this.#child.stdout!, 'data');
    this.#child.stdin!.write(`${[...at, ...front].join(' ')}\n`);
    await drawn;
  }

  /** It ends as when the player quits: the memory is gone. */
  async quit(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await ended;
  }
}
