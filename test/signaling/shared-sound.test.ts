import { test } from 'tap';
import { startSignalingServer } from '../helpers/signaling-server.ts';

test('a second connection with the secret of the first sends what its participant shares', async (t) => {
  const { open, plane, registry } = await startSignalingServer(t, { limits: { pingIntervalMs: 1e6 } });
  const [ada, ben] = [await open(), await open()];
  const joined = await ada.join('lobby', 'Ada');
  t.equal(joined.mayShareSound, true);
  await ben.join('lobby', 'Ben');
  const music = await open();
  music.send({ type: 'join', room: 'lobby', name: '', companionOf: joined.resumeToken });
  const shared = await music.next('joined');
  music.send({ type: 'offer', sdp: 'music' });
  await music.next('answer');
  t.equal(plane.openSeats.at(-1)?.options.kind, 'music');
  t.match(await ben.next('participant_joined'), {
    participant: { id: shared.participantId, role: 'music', owner: joined.participantId, name: "Ada's music" },
  });
  t.equal(registry.figures.participants, 2);
  ada.send({ type: 'leave' });
  t.match(await music.skipTo('error'), { code: 'owner_left' });
  t.match(await music.closed, { code: 4005 });
  t.match(await ben.skipTo('participant_left'), { participantId: shared.participantId, reason: 'left' });
});

test('nobody shares for others, or where the operator does not want it', async (t) => {
  const { open } = await startSignalingServer(t, { limits: { pingIntervalMs: 1e6 } });
  const ada = await open();
  await ada.join('lobby', 'Ada');
  const stranger = await open();
  stranger.send({ type: 'join', room: 'lobby', name: '', companionOf: 'a guess' });
  t.match(await stranger.next('error'), { code: 'unknown_participant' });
  const off = await startSignalingServer(t, { shareSound: false });
  const ben = await off.open();
  const joined = await ben.join('lobby', 'Ben');
  t.equal(joined.mayShareSound, false);
  const music = await off.open();
  music.send({ type: 'join', room: 'lobby', name: '', companionOf: joined.resumeToken });
  t.match(await music.next('error'), { code: 'not_allowed' });
});
