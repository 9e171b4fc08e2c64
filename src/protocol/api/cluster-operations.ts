/** The operations of the REST API on the servers of a cluster; part of `OPERATIONS`. */
import { z } from 'zod';
import type { Operation } from './operations.ts';
import { drainingSchema, drainSchema } from './schemas.ts';

export const clusterNodeSchema = z.strictObject({
  node: z.string().describe('Its name (`cluster-node`).'),
  self: z.boolean().describe('Whether it is the server that was asked.'),
  version: z.string(),
  region: z.string(),
  load: z.number().min(0).describe('Of its busiest media worker, 0 to 1. At 1 it admits nobody.'),
  rooms: z.number().int().min(0),
  participants: z.number().int().min(0),
  draining: z.boolean().describe('It takes no new rooms.'),
  settingsDiffer: z
    .array(z.string())
    .describe('Settings that should be the same everywhere, and are not those of the server that was asked.'),
});

export const clusterSchema = z.strictObject({
  engineReached: z
    .boolean()
    .describe('Whether the server that was asked reaches the engine. Otherwise it says what it has last heard.'),
  nodes: z.array(clusterNodeSchema).describe('Servers that live, by name. Figures are about a second old.'),
});

const drain = '/cluster/nodes/{node}/drain';

export const CLUSTER_OPERATIONS = {
  getCluster: {
    method: 'get',
    path: '/cluster',
    tag: 'server',
    summary: 'The servers of the cluster',
    description: 'Without `cluster-engine` there are none.',
    answer: { status: 200, schema: clusterSchema },
    errors: [],
  },
  drainNode: {
    method: 'post',
    path: drain,
    tag: 'server',
    summary: 'Drain a server of the cluster',
    description: 'As `POST /server/drain` at that server. Its rooms go on at others.',
    body: drainSchema,
    answer: { status: 200, schema: drainingSchema },
    errors: ['not_found', 'server_busy', 'server_closing'],
  },
  undrainNode: {
    method: 'delete',
    path: drain,
    tag: 'server',
    summary: 'Let a server of the cluster take rooms again',
    errors: ['not_found', 'server_busy', 'server_closing'],
  },
} as const satisfies Record<string, Operation>;
