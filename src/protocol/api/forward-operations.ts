/** The operations of the REST API on forwards; part of `OPERATIONS`. */
import { forwardListSchema, forwardSchema, newForwardSchema } from './forward-schemas.ts';
import type { Operation } from './operations.ts';
import { pageSchema } from './schemas.ts';

const forwards = '/rooms/{room}/forwards';

export const FORWARD_OPERATIONS = {
  startForward: {
    method: 'post',
    path: forwards,
    tag: 'forwards',
    summary: 'Send the sound of a room to an Icecast server',
    description:
      'Only to hosts that the setting `forward-targets` names. The answer comes at once; `state` says later whether the server has accepted it. If the connection fails, it is made again, after 1 to 60 s. It counts as a listener of the room, and ends with the room.',
    body: newForwardSchema,
    answer: { status: 201, schema: forwardSchema },
    errors: ['unknown_room', 'forbidden_target', 'too_many_forwards'],
  },
  listForwards: {
    method: 'get',
    path: forwards,
    tag: 'forwards',
    summary: 'Forwards of a room, oldest first',
    query: pageSchema,
    answer: { status: 200, schema: forwardListSchema },
    errors: ['unknown_room'],
  },
  getForward: {
    method: 'get',
    path: `${forwards}/{forward}`,
    tag: 'forwards',
    summary: 'One forward',
    answer: { status: 200, schema: forwardSchema },
    errors: ['unknown_room', 'unknown_forward'],
  },
  endForward: {
    method: 'delete',
    path: `${forwards}/{forward}`,
    tag: 'forwards',
    summary: 'End a forward',
    errors: ['unknown_room', 'unknown_forward'],
  },
} as const satisfies Record<string, Operation>;
