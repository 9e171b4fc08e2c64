import { test } from 'tap';
import type { ServerUser } from '../../../src/gateways/mumble-upstream/server-roster.ts';
import type { Upstream } from '../../../src/gateways/mumble-upstream/upstream.ts';
import { Visitors } from '../../../src/gateways/mumble-upstream/visitors.ts';
import { openRegistry } from '../../helpers/open-registry.ts';

const NOBODY: ReadonlyMap<number, ServerUser> = new Map();
const desk: ServerUser = {
  session: 7,
  name: 'Desk',
  channelId: 0,
  mute: false,
  deaf: false,
  suppress: false,
  selfMute: false,
  isDeaf: false,
  hash: '',
  listensTo: new Set<number>(),
};

test('users of another server who come and go without end are not told to the room each time', (t) => {
  const { registry, clock } = openRegistry();
  const upstream = { options: { registry, access: { bans: {} }, clock }, isAnyPending: false } as unknown as Upstream;
  let came = 0;
  const visitors = new Visitors('lobby', upstream, {
    roomEvent: () => {},
    told: () => {},
    changed: () => {},
    came: () => came++,
  });
  const flap = (times: number) => {
    for (let n = 0; n < times; n++) {
      visitors.set(new Map([[7, desk]]), true);
      visitors.set(NOBODY, true);
    }
  };
  flap(1000);
  t.equal(came, 500);
  visitors.set(new Map([[7, desk]]), true);
  t.ok(visitors.hasStranger, 'nobody hears the room who is not shown in it');
  visitors.set(NOBODY, true);
  t.notOk(visitors.hasStranger);
  clock.advance(1000);
  flap(1000);
  t.equal(came, 520);
  clock.advance(100);
  visitors.set(new Map([[7, desk]]), true);
  t.equal(visitors.size, 1, 'whoever stays is there in the end');
  t.end();
});
