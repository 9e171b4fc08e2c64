import { test } from 'tap';
import { spaceUpdateSchema } from '../../src/protocol/space.ts';
import { startSignalingServer } from '../helpers/signaling-server.ts';

test('moving a player twenty times a second does not use up the rate of messages, but is bounded', async (t) => {
  const { registry, clock, open } = await startSignalingServer(t, { limits: { maxMessagesPerSecond: 5 } });
  const client = await open();
  await client.join('world', 'Ada');
  registry.room('world').space.update(spaceUpdateSchema.parse({ rules: { positions: 'client' } }));
  t.match(await client.next('space'), { space: { positions: 'client' } });
  for (let n = 0; n < 100; n++) {
    client.send(n % 2 === 0 ? { type: 'turn', yaw: n } : { type: 'pose', position: [n, 0, 0] });
    // The server has read it before the time goes on.
    if (n % 10 === 9) t.same(await client.settled(), []);
    clock.advance(n % 10 === 9 ? 500 : 0);
  }
  client.send({ type: 'pose', position: [1e308, 0, 0] });
  t.match(await client.settled(), [{ type: 'error', code: 'malformed_message' }]);
  for (let n = 0; n < 100; n++) client.send({ type: 'turn', yaw: n });
  t.match(await client.next('error'), { code: 'too_many_messages' });
  t.match(await client.closed, { code: 1008 });
});
