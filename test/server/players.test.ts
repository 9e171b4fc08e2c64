import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { oggOf, tonePackets } from '../helpers/sound-file.ts';
import { startWebhookReceiver } from '../helpers/webhook-receiver.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = `whsec_${Buffer.alloc(32, 'key').toString('base64')}`;

test('webhooks tell how players have ended, and a recording begins with its sound', async (t) => {
  const hooks = await startWebhookReceiver(SECRET);
  t.teardown(() => hooks.close());
  const [sounds, recordings] = ['sounds', 'recordings'].map((name) =>
    join(t.testdir({ sounds: {}, recordings: {} }), name),
  );
  await writeFile(join(sounds!, 'gong.opus'), oggOf(tonePackets(700, 10)));
  const server = await startServer([
    ...['--admin-token', TOKEN, '--webhook-urls', hooks.url, '--webhook-secret', SECRET],
    ...['--player-dir', sounds!, '--recording-dir', recordings!, '--recording-sound', 'gong.opus'],
    ...['--recording-min-free', '0'],
  ]);
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  await api.post('/rooms', { name: 'hall' });
  const ended = () => hooks.received.map(({ event }) => event).filter(({ type }) => type === 'player.ended');
  const { body } = await api.post('/rooms/hall/players', { file: 'gong.opus' });
  await eventually(() => ended().length === 1 || 'not told');
  const player = { ...body, playedMs: 200 };
  t.match(ended(), [{ data: { player, reason: 'finished' } }]);
  await api.post('/rooms/hall/recordings', {});
  await eventually(() => ended().length === 2 || 'no sound was played');
  t.match(ended()[1], { data: { player: { file: 'gong.opus', room: 'hall' } } });
});
