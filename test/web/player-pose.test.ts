import { test } from 'tap';
import { joined, setUpInRoom } from './fake-browser.ts';

test('a game may set its pose in each frame; twenty messages a second are sent, and the last one counts', async (t) => {
  const { browser, client } = await setUpInRoom();
  const yaws = () => browser.socket.sentOf('turn').map((message) => (message as { yaw: number }).yaw);
  for (let frame = 0; frame < 60; frame++) {
    client.player.turn(400 + frame);
    await browser.advance(1000 / 60);
  }
  t.ok(yaws().length >= 15 && yaws().length <= 21, `${yaws().length} messages in a second`);
  await browser.advance(100);
  t.equal(yaws().at(-1), 99);
  const sent = yaws().length;
  client.player.turn(99.2);
  await browser.advance(1000);
  t.equal(yaws().length, sent, 'less than half a degree');
  client.player.pose([1, 2, 3], 90);
  client.player.pose([1, 2, 4]);
  await browser.advance(50);
  client.player.pose([1, 2, 4]);
  t.same(browser.socket.sentOf('pose'), [
    { type: 'pose', position: [1, 2, 3], yaw: 90 },
    { type: 'pose', position: [1, 2, 4], yaw: 90 },
  ]);
});

test('on another connection the last values are sent again, and after leaving they are forgotten', async (t) => {
  const { browser, client } = await setUpInRoom();
  client.player.turn(30);
  await browser.advance(100);
  browser.socket.receive(joined());
  t.same(browser.socket.sentOf('turn'), Array(2).fill({ type: 'turn', yaw: 30 }));
  client.leave();
  await browser.advance(100);
  t.throws(() => client.player.turn(Number.NaN), RangeError);
  t.throws(() => client.player.pose([0, Number.POSITIVE_INFINITY, 0]), RangeError);
  t.equal(browser.socket.sentOf('turn').length, 2);
});

test('positions are sent only where the rules of the room let clients say them', async (t) => {
  const { browser, client } = await setUpInRoom();
  const sent = () => [...browser.socket.sentOf('pose'), ...browser.socket.sentOf('turn')].length;
  const rules = { tether: 10, turn: 'client', axes: 'godot', metresPerUnit: 1 } as const;
  browser.socket.receive({ type: 'space', space: { ...rules, positions: 'server' } });
  t.notOk(client.player.mayPose);
  client.player.pose([1, 2, 3], 90);
  await browser.advance(100);
  t.same(browser.socket.sentOf('pose'), []);
  t.same(browser.socket.sentOf('turn'), [{ type: 'turn', yaw: 90 }], 'the direction is');
  browser.socket.receive({ type: 'space', space: { ...rules, positions: 'tethered' } });
  await browser.advance(100);
  t.same(browser.socket.sentOf('pose'), [{ type: 'pose', position: [1, 2, 3], yaw: 90 }], 'as soon as it may be');
  t.ok(client.player.mayPose);
  const before = sent();
  browser.socket.receive(Object.assign(joined(), { space: { ...rules, positions: 'server' } }));
  await browser.advance(100);
  t.equal(browser.socket.sentOf('pose').length, 1);
  t.equal(sent(), before + 1);
  t.equal(client.player.rules?.positions, 'server');
});
