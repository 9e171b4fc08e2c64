/** The operations of the REST API on forwards. */
import type { Handlers } from '../../protocol/api/operations.ts';
import type { Forwarding } from '../../rooms/forwarding.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { pageOf } from './page.ts';

export interface ForwardHandlerOptions {
  readonly registry: RoomRegistry;
  readonly forwards: Forwarding;
}

export function forwardHandlers({
  registry,
  forwards,
}: ForwardHandlerOptions): Pick<Handlers, 'startForward' | 'listForwards' | 'getForward' | 'endForward'> {
  return {
    startForward: ({ params, body }) => forwards.start(registry.room(params.room), body),
    listForwards: ({ params, query }) => {
      const all = forwards.list(registry.room(params.room));
      return { forwards: pageOf(all, query), total: all.length };
    },
    getForward: ({ params }) => forwards.get(registry.room(params.room), params.forward),
    endForward: ({ params }) => void forwards.end(registry.room(params.room), params.forward),
  };
}
