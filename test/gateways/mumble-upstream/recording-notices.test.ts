import { test } from 'tap';
import type { RoomRegistry } from '../../../src/rooms/registry.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { MumbleClient } from '../../helpers/mumble-client.ts';
import { startUpstream } from '../../helpers/mumble-upstream.ts';
import { MURMUR_PACKAGE } from '../../helpers/murmur.ts';

const skip = skipIfMissing(missingPackages([MURMUR_PACKAGE]));

/** As if a recording had begun. */
function record(registry: RoomRegistry): void {
  const view = { needsConsent: false, startedAtMs: 0 };
  const room = registry.room('lobby');
  Object.defineProperty(room.recording, 'view', { get: () => view });
  room.tellAll({ type: 'recording', recording: view } as never);
}

const isTold = (client: MumbleClient) => client.texts().some((text) => text.includes('is being recorded'));
const told = (...clients: MumbleClient[]) => eventually(() => clients.every(isTold) || clients.map(isTold).join());

test('whoever speaks through a linked channel knows that they are recorded', { skip }, async (t) => {
  const { mumble, browser, people, registry } = await startUpstream(t, { superPassword: 'super' });
  const admin = await mumble('SuperUser', { password: 'super' });
  browser('Anna');
  admin.send('channelState', { parent: 0, name: 'Beside' });
  await eventually(() => [...admin.channels.values()].some(({ name }) => name === 'Beside') || 'no channel');
  const desk = await mumble('Desk');
  await desk.enter('Beside');
  await eventually(() => !people().includes('Desk') || 'still heard');
  admin.send('channelState', { channelId: 0, linksAdd: [admin.channel('Beside')] });
  await eventually(() => people().includes('Desk') || 'not linked');
  record(registry);
  await told(desk, admin);
});

test('and so does whoever is in a locked room of which nothing is said to the channel', { skip }, async (t) => {
  const { mumble, browser, people, registry } = await startUpstream(t);
  const anna = browser('Anna');
  const desk = await mumble('Desk');
  await eventually(() => people().includes('Desk') || 'not there');
  registry.room('lobby').moderate({ type: 'lock', locked: true });
  const stranger = await mumble('Stranger');
  await eventually(() => (anna.listener.news as { state?: string })?.state === 'withheld' || 'not told');
  record(registry);
  await told(desk);
  t.same(stranger.texts(), []);
});

test('and so does everybody of whom many come at once while much is written', { skip }, async (t) => {
  const { mumble, browser, people, registry } = await startUpstream(t, { settings: { maxPeople: 0 } });
  const anna = browser('Anna');
  await mumble('First');
  await eventually(() => people().includes('First') || 'not there');
  record(registry);
  for (let n = 0; n < 5; n++) anna.participant.write({ type: 'say', text: `Line ${n}`, mentions: [] });
  await told(...(await Promise.all(Array.from({ length: 8 }, (_, n) => mumble(`Desk${n}`)))));
  t.equal(people().length, 10);
});
