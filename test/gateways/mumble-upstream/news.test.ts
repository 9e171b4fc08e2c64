import { test } from 'tap';
import { News } from '../../../src/gateways/mumble-upstream/news.ts';
import type { MumbleNews } from '../../../src/protocol/mumble-news.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { PageListener } from '../../helpers/mumble-upstream.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

const AWAY: MumbleNews = { state: 'away', reason: 'full' };
const CONNECTED: MumbleNews = { state: 'connected' };

test('each is told once what is true for them, and again when it changes or they come back', async (t) => {
  const { registry } = openRegistry();
  const state = { muted: false, deafened: false };
  const join = (listener: RecordingListener) =>
    registry.join({ room: 'lobby', name: 'Anna', admission: GUEST, state, listener }).participant;
  const listener = new PageListener();
  const anna = join(listener);
  const people = new Set([anna, join(new RecordingListener())]);
  const news = new News();
  const told = () => listener.take('data').map(({ payload }) => payload);
  const tell = (one: MumbleNews) => news.tell(people, () => one);
  tell(CONNECTED);
  t.same(told(), [], 'that all is well is no news');
  tell(AWAY);
  tell(AWAY);
  t.same(told(), [AWAY]);
  tell(CONNECTED);
  t.same(told(), [CONNECTED]);
  tell(AWAY);
  told();
  const again = new PageListener();
  anna.resume(again, state, true);
  tell(AWAY);
  t.same(again.news, AWAY, 'a new connection knows nothing');
  again.take('data');
  news.tell(new Set(), () => AWAY);
  tell(AWAY);
  t.same(again.news, AWAY, 'nor does somebody who was away from the room');
});
