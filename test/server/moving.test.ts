import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { distance16 } from '../../src/lib/serial.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { startServer } from '../helpers/running-server.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TONES_HZ = { ada: 500, ben: 820, cy: 1240 } as const;
const AMPLITUDE = 0.15;
const SETTLE_MS = 700;

type Who = keyof typeof TONES_HZ;

for (const workers of [0, 2]) {
  const where = workers === 0 ? 'of the same worker' : 'of another worker';
  test(`a participant moved to a room ${where} hears it and is heard there, over the same connection; also if they move themselves`, async (t) => {
    // With this limit, each newcomer goes to the worker with less to do.
    const flags = [
      '--admin-token',
      TOKEN,
      '--levelling',
      'off',
      '--room-list',
      'public',
      '--workers',
      String(workers),
      '--span-load-percent',
      '0',
    ];
    const server = await startServer(flags);
    t.teardown(() => server.close());
    const api = new ApiClient(server.url, TOKEN);
    const join = async (who: Who, room: string) => {
      const participant = await WeriftParticipant.join({ url: server.webSocketUrl, room, name: who });
      t.teardown(() => participant.close());
      participant.say(toneSound(TONES_HZ[who], AMPLITUDE));
      return participant;
    };
    if (workers > 0) await sleep(SETTLE_MS);
    const ada = await join('ada', 'red');
    const ben = await join('ben', 'blue');
    const cy = await join('cy', 'red');
    const move = (participant: WeriftParticipant, from: string, room: string) =>
      api.post(`/rooms/${from}/participants/${participant.id}/move`, { room });
    const hear = (...expected: readonly (readonly Who[])[]) =>
      t.resolves(Promise.all([ada, ben, cy].map((who, index) => hearsOnly(who, TONES_HZ, expected[index]!))));

    await hear(['cy'], [], ['ada']);
    const mark = cy.hearing.mark();
    t.match((await move(cy, 'red', 'blue')).body, { room: 'blue', connected: true });
    await hear([], ['cy'], ['ben']);
    t.match((await move(ada, 'red', 'blue')).body, { room: 'blue' });
    t.equal((await api.get('/rooms/red')).status, 404, 'nobody is left in the other room');
    await hear(['ben', 'cy'], ['ada', 'cy'], ['ada', 'ben']);
    t.match((await api.get('/rooms/blue')).body, { participants: 3, speaking: 3 });

    cy.send({ type: 'switch_room', room: 'green' });
    t.match(await cy.message('error'), { code: 'unknown_room' });
    await api.post('/rooms', { name: 'green' });
    cy.send({ type: 'switch_room', room: 'green' });
    await hear(['ben'], ['ada'], []);
    ada.send({ type: 'switch_room', room: 'GREEN' });
    await hear(['cy'], [], ['ada']);
    for (const participant of [ada, cy]) participant.send({ type: 'switch_room', room: 'blue' });
    await hear(['ben', 'cy'], ['ada', 'cy'], ['ada', 'ben']);
    await api.delete('/rooms/green');

    await api.post(`/rooms/blue/participants/${cy.id}/mute`);
    t.match((await move(cy, 'blue', 'green')).body, { mutedByModerator: true });
    t.match((await move(cy, 'green', 'blue')).body, { mutedByModerator: true });
    // A mute applies in every room.
    await hear(['ben'], ['ada'], ['ada', 'ben']);

    const { packets } = cy.hearing;
    const steps = packets.slice(mark + 1).map((packet, index) => {
      return distance16(packet.sequenceNumber, packets[mark + index]!.sequenceNumber);
    });
    t.ok(
      steps.every((step) => step === 1),
      'one stream of packets continues',
    );
    for (const { messages } of [ada, ben, cy]) t.notOk(messages.some(({ type }) => type === 'media_closed'));
  });
}
