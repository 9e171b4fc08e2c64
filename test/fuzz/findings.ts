import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An input that broke something. */
export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly execution: number;
  readonly message: string;
  readonly input: Uint8Array;
}

const MAX_KINDS = 50;
const MAX_MESSAGE = 2000;

/** Keeps one input for each kind of failure: one file to replay, and one that describes the failure. */
export class Findings {
  readonly #folder: string;
  readonly #kinds = new Set<string>();
  readonly found: Finding[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(finding: Omit<Finding, 'message'>, error: unknown): void {
    const kind = kindOf(finding.target, error);
    if (this.#kinds.has(kind) || this.#kinds.size >= MAX_KINDS) return;
    this.#kinds.add(kind);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = text.slice(0, MAX_MESSAGE);
    const name = `${finding.target}-${createHash('sha256').update(finding.input).digest('hex').slice(0, 12)}`;
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, `${name}.bin`), finding.input);
    writeFileSync(
      join(this.#folder, `${name}.txt`),
      `seed ${finding.seed}, execution ${finding.execution}\n${message}\n`,
    );
    this.found.push({ ...finding, message });
  }
}

/** Failures at the same place with the same words count as one, whatever the numbers in them. */
function kindOf(target: string, error: unknown): string {
  const place = error instanceof Error ? /\n {4}at .*/.exec(error.stack ?? '')?.[0] : '';
  const text = `${(error instanceof Error ? error.message : String(error)).slice(0, 60)}${place}`;
  return `${target}: ${text.replaceAll(/\d+/g, 'N')}`;
}
