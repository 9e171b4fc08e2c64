/** The operations of the REST API on routes. */
import type { Handlers } from '../../protocol/api/operations.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { RoomRoutes } from '../../rooms/routing.ts';

export interface RouteHandlerOptions {
  readonly registry: RoomRegistry;
  readonly routes: RoomRoutes;
}

export function routeHandlers({
  registry,
  routes,
}: RouteHandlerOptions): Pick<Handlers, 'startRoute' | 'listRoutes' | 'endRoute'> {
  return {
    startRoute: ({ params, body }) => routes.start(registry.room(params.room), registry.room(body.to), body),
    listRoutes: ({ params }) => {
      const all = [...routes.list(registry.room(params.room))];
      return { routes: all, total: all.length };
    },
    endRoute: ({ params }) => void routes.end(registry.room(params.room), params.route),
  };
}
