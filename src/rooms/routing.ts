/** Carries the sound of rooms into others, for the operator; `src/gateways/routes` implements it. */
import type { z } from 'zod';
import type { newRouteSchema, routeSchema } from '../protocol/api/route-schemas.ts';
import type { Room } from './room.ts';

export type RouteInfo = z.output<typeof routeSchema>;
export type NewRoute = z.output<typeof newRouteSchema>;

export interface RoomRoutes {
  /** Throws `route_loop`, `too_many_routes`, `media_unavailable` or `server_busy`. */
  start(from: Room, to: Room, wanted: NewRoute): RouteInfo;
  /** Those that begin or end in this room, oldest first. */
  list(room: Room): readonly RouteInfo[];
  /** Throws `unknown_route`. */
  end(room: Room, id: string): void;
}
