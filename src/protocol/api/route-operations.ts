/** The operations of the REST API on routes; part of `OPERATIONS`. */
import type { Operation } from './operations.ts';
import { newRouteSchema, routeListSchema, routeSchema } from './route-schemas.ts';

const routes = '/rooms/{room}/routes';

export const ROUTE_OPERATIONS = {
  startRoute: {
    method: 'post',
    path: routes,
    tag: 'forwards',
    summary: 'Let another room hear this one',
    description:
      'The other room hears what somebody hears who listens to this one, without levelling. Each room that is heard is told of a listener. No sound comes to a room on two ways: a route between rooms that are connected already is refused. While a room is recorded, or a bot listens in it, nothing comes into it from others, where nobody was told. A route ends with either room.',
    body: newRouteSchema,
    answer: { status: 201, schema: routeSchema },
    errors: ['unknown_room', 'route_loop', 'too_many_routes', 'media_unavailable', 'server_busy'],
  },
  listRoutes: {
    method: 'get',
    path: routes,
    tag: 'forwards',
    summary: 'Routes that begin or end in a room, oldest first',
    answer: { status: 200, schema: routeListSchema },
    errors: ['unknown_room'],
  },
  endRoute: {
    method: 'delete',
    path: `${routes}/{route}`,
    tag: 'forwards',
    summary: 'End a route',
    errors: ['unknown_room', 'unknown_route'],
  },
} as const satisfies Record<string, Operation>;
