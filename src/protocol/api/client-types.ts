/** TypeScript types of the REST API for clients. They are derived from the server's own table of operations. */
import type { z } from 'zod';
import type { OPERATIONS, OperationId, Output } from './operations.ts';

type Of<Id extends OperationId> = (typeof OPERATIONS)[Id];

/** `/rooms/{room}/mute` as the type of `/rooms/lobby/mute`. */
type Filled<Path extends string> = Path extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${Filled<After>}`
  : Path;

export type Method<Id extends OperationId> = Uppercase<Of<Id>['method']>;

/** The path after `/api/v1`, without a query. */
export type Path<Id extends OperationId> = Filled<Of<Id>['path']>;

export type Body<Id extends OperationId> =
  Of<Id> extends { readonly body: infer Schema extends z.ZodObject } ? z.input<Schema> : undefined;

export type Answer<Id extends OperationId> = Output<Of<Id>>;

export type ServerStatus = Answer<'getServer'>;
export type WorkerStatus = ServerStatus['workers'][number];
export type RoomStatus = Answer<'getRoom'>;
export type ParticipantStatus = Answer<'getParticipant'>;
export type BanStatus = Answer<'listBans'>['bans'][number];
