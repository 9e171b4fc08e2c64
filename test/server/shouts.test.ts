import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const ADMIN = 'the-admin-token-of-this-test';
const TONES_HZ = { leader: 500, ben: 820, cleo: 1240, dan: 1730 } as const;
const AMPLITUDE = 0.15;

type Who = keyof typeof TONES_HZ;

test('a shout is heard in the linked room too, in all workers, and nothing comes back', async (t) => {
  // With this limit every worker counts as overloaded already, so each newcomer goes to the one with less load.
  const flags = ['--workers', '2', '--span-load-percent', '0', '--levelling', 'off', '--admin-token', ADMIN];
  const server = await startServer([...flags, '--token-secret', 'the-secret-of-this-test-with-32-characters']);
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, ADMIN);
  await api.post('/rooms', { name: 'alpha', links: ['bravo'] });
  await api.post('/rooms', { name: 'bravo', links: ['alpha'] });
  const join = async (who: Who, room: string) => {
    const { body } = await api.post('/tokens', { room, identity: who, mayShout: who === 'leader' });
    const person = await WeriftParticipant.join({ url: server.webSocketUrl, room, name: who, token: body.token });
    t.teardown(() => person.close());
    person.say(toneSound(TONES_HZ[who], AMPLITUDE));
    return person;
  };
  const leader = await join('leader', 'alpha');
  const ben = await join('ben', 'alpha');
  const cleo = await join('cleo', 'bravo');
  const dan = await join('dan', 'bravo');
  const metrics = await server.metrics();
  const counts = ['0', '1'].map((worker) => metrics.sum('partyline_media_connections', { worker }));
  t.ok(
    counts.every((count) => count > 0),
    `both workers have somebody: ${counts}`,
  );
  t.same((await leader.message('joined')).shoutsTo, ['bravo']);
  t.same((await ben.message('joined')).shoutsTo, []);

  await t.resolves(hearsOnly(cleo, TONES_HZ, ['dan']), 'linked rooms hear nothing by themselves');
  leader.send({ type: 'talk_to', shout: true });
  await t.resolves(hearsOnly(cleo, TONES_HZ, ['leader', 'dan']));
  await t.resolves(hearsOnly(dan, TONES_HZ, ['leader', 'cleo']));
  await t.resolves(hearsOnly(ben, TONES_HZ, ['leader']));
  await t.resolves(hearsOnly(leader, TONES_HZ, ['ben']), 'nothing comes back');

  ben.send({ type: 'talk_to', shout: true });
  await eventually(() => ben.messages.some((message) => message.type === 'error' && message.code === 'not_allowed'));
  await api.patch('/rooms/bravo', { links: [] });
  await t.resolves(hearsOnly(cleo, TONES_HZ, ['dan']));
  await t.resolves(hearsOnly(ben, TONES_HZ, ['leader']));
});
