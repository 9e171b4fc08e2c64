interface Problem {
  readonly code: string;
}

const OF_A_BUSY_MACHINE = ['worker_stalled', 'worker_starved', 'event_loop_stalled'];

/** The problems of `/healthz` without those that other programs on the machine cause. */
export function ownProblems<P extends Problem>(problems: readonly P[]): P[] {
  return problems.filter(({ code }) => !OF_A_BUSY_MACHINE.includes(code));
}
