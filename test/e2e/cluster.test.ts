import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { startNodes } from '../helpers/cluster-nodes.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { startRedis } from '../helpers/redis.ts';

const TONES_HZ = { Ada: 430, Ben: 760, Cy: 1150 };
const ROOM = 'together';

test('pages of three servers are in one room, and are together again when its server has died', {
  skip: skipIfMissing(missingForBrowsers ?? missingPackages(['redis-server'])),
}, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const nodes = await startNodes(
    t,
    redis,
    ['n1', 'n2', 'n3'],
    [...['--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--workers', '1']],
  );
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const people = Object.entries(TONES_HZ);
  const pages = await Promise.all(
    nodes.map(async (node, index) => {
      const [name, frequencyHz] = people[index]!;
      const page = await chromium.open(`${node.url}room/${ROOM}`, {
        microphone: { kind: 'tone', frequencyHz, gain: TONE_GAIN },
      });
      await page.join({ name });
      return { node, name: name as keyof typeof TONES_HZ, page };
    }),
  );
  const participantsAt = async ({ url }: (typeof nodes)[number]) =>
    Number(/^partyline_participants (\d+)/m.exec(await (await fetch(`${url}metrics`)).text())?.[1]);
  const hearEachOther = async (together: typeof pages) => {
    for (const { page, name } of together) {
      const talkers = together.flatMap((one) => (one.name === name ? [] : one.name));
      await hearsOnly(t, page, TONES_HZ, talkers);
    }
  };
  for (const { page } of pages) await page.waitForSound();
  await hearEachOther(pages);
  const counts = await Promise.all(nodes.map(participantsAt));
  t.strictSame(counts.toSorted(), [0, 0, 3], 'all three are at one server');
  const home = nodes[counts.indexOf(3)]!;
  await home.kill();
  const beganMs = performance.now();
  const left = pages.filter(({ node }) => node !== home);
  await eventually(async () => {
    const rest = await Promise.all(left.map(({ node }) => participantsAt(node)));
    return rest.includes(2);
  });
  t.comment(`joined again after ${Math.round(performance.now() - beganMs)} ms`);
  await hearEachOther(left);
  for (const { page } of left)
    t.same(
      page.errors.filter((error) => !/WebSocket|ERR_CONNECTION/.test(error)),
      [],
    );
});
