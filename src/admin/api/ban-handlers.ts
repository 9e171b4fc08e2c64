/** The operations of the REST API on bans. */
import type { z } from 'zod';
import { isoTime } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { banSchema } from '../../protocol/api/ban-schemas.ts';
import type { Handlers } from '../../protocol/api/operations.ts';
import type { AccessControl } from '../../rooms/access.ts';
import type { Ban } from '../../rooms/ban-list.ts';
import { removeBanned } from '../../rooms/banned.ts';
import { roomKey } from '../../rooms/names.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import { pageOf } from './page.ts';

type BanHandlers = Pick<Handlers, 'listAllBans' | 'createBan' | 'endBan' | 'listBans' | 'liftBan'>;

export interface BanHandlerOptions {
  readonly registry: RoomRegistry;
  readonly access: AccessControl;
}

export function banHandlers({ registry, access: { bans } }: BanHandlerOptions): BanHandlers {
  return {
    listAllBans: ({ query }) => {
      const { all } = bans;
      return { bans: pageOf(all, query).map(banView), total: all.length };
    },
    createBan: ({ body: { room, seconds, ...who } }) => {
      const durationMs = seconds === undefined ? null : seconds * 1000;
      const ban = bans.add({ ...who, room: room === undefined ? null : roomKey(room), by: null, durationMs });
      return { ...banView(ban), removed: removeBanned(ban, registry, bans) };
    },
    endBan: ({ params }) => {
      if (!bans.liftById(params.ban)) throw new AppError('unknown_ban');
      return undefined;
    },
    listBans: ({ params, query }) => {
      const ofRoom = bans.list(roomKey(params.room));
      const page = pageOf(ofRoom, query).map((ban) => {
        const { room: _, address: __, identity, ...view } = banView(ban);
        return { ...view, identity: identity ?? '' };
      });
      return { bans: page, total: ofRoom.length };
    },
    liftBan: ({ params: { room, identity } }) => {
      if (!bans.lift(roomKey(room), identity)) throw new AppError('unknown_ban');
      return undefined;
    },
  };
}

function banView({ sinceMs, untilMs, ...who }: Ban): z.output<typeof banSchema> {
  return { ...who, since: isoTime(sinceMs), until: untilMs === null ? null : isoTime(untilMs) };
}
