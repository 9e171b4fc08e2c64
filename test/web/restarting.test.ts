import { test } from 'tap';
import { whileRestarting } from '../../web/app/restarting.ts';
import type { ConnectionState } from '../../web/sdk/connection-state.ts';

const WAITING = { status: 'reconnecting', attempt: 1, nextTryAtMs: 1000, hasSound: false } as const;
const RESTARTS: ConnectionState = { ...WAITING, reason: 'server_closing' };
const UNREACHABLE: ConnectionState = { ...WAITING, attempt: 2, reason: 'unreachable', hasSound: true };

test('a server that said that it restarts still does when it cannot be reached, and nothing is heard', async (t) => {
  const again = whileRestarting(RESTARTS, UNREACHABLE);
  t.same(again, { ...WAITING, attempt: 2, reason: 'server_closing' });
  t.same(whileRestarting(again, { ...UNREACHABLE, attempt: 3 }), { ...WAITING, attempt: 3, reason: 'server_closing' });
});

test('all else is shown as it is', async (t) => {
  const connected: ConnectionState = { status: 'connected', media: 'connected' };
  t.equal(whileRestarting(connected, UNREACHABLE), UNREACHABLE);
  t.equal(whileRestarting(UNREACHABLE, UNREACHABLE), UNREACHABLE);
  t.equal(whileRestarting(RESTARTS, connected), connected);
  const draining: ConnectionState = { ...WAITING, reason: 'server_draining' };
  t.equal(whileRestarting(RESTARTS, draining), draining);
});
