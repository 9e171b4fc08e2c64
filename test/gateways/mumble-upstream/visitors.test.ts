import { test } from 'tap';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { startUpstream } from '../../helpers/mumble-upstream.ts';
import { MURMUR_PACKAGE } from '../../helpers/murmur.ts';

const skip = skipIfMissing(missingPackages([MURMUR_PACKAGE]));

test('whoever hears the room is in it, whatever their name is', { skip }, async (t) => {
  const { mumble, people } = await startUpstream(t);
  const [dashes] = [await mumble('---'), await mumble('x'.repeat(70))];
  await eventually(() => people().length === 2 || people().join());
  t.same(people(), [`Mumble ${dashes.session}`, 'x'.repeat(64)]);
});

test('a user of the channel who is moved here is in neither room, whose chats stay apart', { skip }, async (t) => {
  const { mumble, browser, people, person, registry } = await startUpstream(t);
  browser('Anna');
  const ben = browser('Ben', { room: 'other' });
  const desk = await mumble('Desk');
  await eventually(() => (people().includes('Desk') && desk.user('Anna') !== undefined) || 'not there');
  registry.move('lobby', person('Desk').id, 'other');
  // In a microtask.
  await new Promise(setImmediate);
  t.same(people('other'), ['Ben']);
  ben.participant.write({ type: 'say', text: 'only in other', mentions: [] });
  await mumble('Late');
  await eventually(() => people().includes('Late') || 'not there');
  t.equal(desk.isClosed, false);
  t.same(desk.texts(), []);
  t.notOk(people().includes('Desk'));
});
