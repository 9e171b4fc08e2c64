/** The texts of the admin page about the servers of a cluster. */
export const clusterStrings = {
  title: 'Servers of the cluster',
  noEngine: 'This server does not reach the engine of the cluster. It shows what it has last heard.',
  self: 'asked by this page',
  loadOf: (node: string) => `Load of ${node}`,
  region: 'Region',
  ready: 'takes rooms',
  draining: 'draining',
  full: 'full',
  silent: 'does not answer',
  differs: (settings: readonly string[]) => `Not the same as at the server that was asked: ${settings.join(', ')}.`,
  versions: 'The servers have different versions.',
  drain: (node: string) => `Drain ${node}`,
  drainQuestion: (node: string) =>
    `Move the rooms of ${node} to other servers, and shut it down when everyone has left?`,
  undrain: (node: string) => `Let ${node} take rooms again`,
  undrainShort: 'Take rooms again',
  at: (node: string) => `at ${node}`,
  incomplete: (nodes: readonly string[]) => `Rooms of servers that do not answer are missing: ${nodes.join(', ')}.`,
} as const;
