/** Says once of each node that it has failed, whoever of the others notices. */
import type { Engine } from './engine.ts';
import type { NodeRecord } from './node-record.ts';

/** One run of a node, which others had to take rooms over from. */
export type FailedNode = Pick<NodeRecord, 'node' | 'incarnation'>;

export interface FailedNodesOptions {
  readonly engine: Pick<Engine, 'reportFailure'>;
  /** This run of this node. */
  readonly incarnation: string;
  /** This node is the one that says it. */
  readonly onFailed: (failed: FailedNode) => void;
}

const MAX_REMEMBERED = 1000;

export class FailedNodes {
  readonly #options: FailedNodesOptions;
  /** Runs whose end somebody says, or that the engine is being asked about; oldest first. */
  readonly #said = new Set<string>();

  constructor(options: FailedNodesOptions) {
    this.#options = options;
  }

  /** A room of this node was taken over. If the engine does not answer, the next room of it decides. Never rejects. */
  async replaced({ node, incarnation }: FailedNode): Promise<void> {
    if (this.#said.has(incarnation)) return;
    this.#said.add(incarnation);
    for (const oldest of this.#said) if (this.#said.size > MAX_REMEMBERED) this.#said.delete(oldest);
    const { engine, incarnation: reporter, onFailed } = this.#options;
    try {
      if (await engine.reportFailure(incarnation, reporter)) onFailed({ node, incarnation });
    } catch {
      this.#said.delete(incarnation);
    }
  }
}
