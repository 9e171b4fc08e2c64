import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'tap';
import { LINK_BYTES, LinkWatch, parseLink, readLink } from '../../examples/mumble-link/link-memory.ts';
import { cases } from '../helpers/cases.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { LinkedGame, missingForLinkedGame } from '../helpers/linked-game.ts';

test('reads what a game writes: its name, the position of the avatar, and where the camera looks', {
  skip: skipIfMissing(missingForLinkedGame),
}, async (t) => {
  const game = LinkedGame.start(t.testdir());
  t.teardown(() => game.quit());
  for (const [front, yaw] of [
    [[0, 1], 0],
    [[1, 0], 90],
    [[0, -1], 180],
    [[-1, 0], -90],
  ] as const) {
    await game.draw({ at: [1.5, -2, 3], front });
    t.match(readLink(game.path), { name: 'Tést', position: [1.5, -2, 3], yaw });
  }
  t.equal(readLink(game.path)?.tick, 4);
  await game.draw({ at: [0, 0, 0], front: [0, 1] });
  t.equal(readLink(game.path), undefined, 'in a menu the player is nowhere');
  await game.quit();
  t.equal(readLink(game.path), undefined, 'the memory is gone');
});

test('a game that no longer draws is paused after five seconds, and plays on with the next frame', async (t) => {
  const watch = new LinkWatch();
  const game = { name: 'game', tick: 7, position: [1, 2, 3], yaw: 0 } as const;
  t.equal(watch.see(undefined, 0).kind, 'absent');
  t.equal(watch.see({ ...game, tick: 6 }, 59_950).kind, 'paused', 'it may be left over from a game that was killed');
  t.equal(watch.see(game, 60_000).kind, 'playing');
  t.equal(watch.see(game, 64_999).kind, 'playing');
  t.same(watch.see(game, 65_000), { kind: 'paused', name: 'game' });
  t.equal(watch.see({ ...game, tick: 8 }, 65_050).kind, 'playing');
  t.equal(watch.see(undefined, 65_100).kind, 'absent');
});

test('memory that is too short, or filled with anything, does no harm', async (t) => {
  const path = join(t.testdir(), 'memory');
  writeFileSync(path, Buffer.alloc(LINK_BYTES - 1, 1));
  t.equal(readLink(path), undefined);
  t.equal(parseLink(Buffer.alloc(LINK_BYTES)), undefined);
  const memory = fc.uint8Array({ minLength: LINK_BYTES, maxLength: LINK_BYTES });
  fc.assert(
    fc.property(memory, (bytes) => {
      const game = parseLink(Buffer.from(bytes));
      if (game === undefined) return true;
      return game.position.every(Number.isFinite) && Math.abs(game.yaw) <= 180 && game.name.length <= 512;
    }),
    { numRuns: cases(30) },
  );
});
