import { test } from 'tap';
import { ServerNames } from '../../../src/gateways/mumble-upstream/server-names.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const nobody = () => false;

test('a name is ours alone until it is released', async (t) => {
  const names = new ServerNames(new FakeClock());
  t.equal(names.take('Anna', nobody), 'Anna');
  t.equal(names.take('anna', nobody), 'anna(2)');
  t.equal(names.take('Anna', nobody), 'Anna(3)');
  names.release('ANNA', true);
  t.equal(names.take('Anna', nobody), 'Anna');
});

test('somebody on the server keeps theirs', async (t) => {
  t.equal(
    new ServerNames(new FakeClock()).take('Ben', (name) => name === 'ben' || name === 'ben(2)'),
    'Ben(3)',
  );
});

test('what Mumble’s own server does not take is left out', async (t) => {
  const names = new ServerNames(new FakeClock());
  t.equal(names.take('Jörg von der Höh', nobody), 'Jörg_von_der_Höh');
  t.equal(names.take('♪ 音楽!', nobody), '_音楽');
  t.equal(names.take('<>', nobody), 'Guest');
  t.equal(names.take('SuperUser', nobody), 'SuperUser(2)');
  t.equal(names.take('x'.repeat(100), nobody).length, 64);
});

test('a name is known as ours for a moment after it was released', async (t) => {
  const clock = new FakeClock();
  const names = new ServerNames(clock);
  names.take('Anna', nobody);
  t.ok(names.isOurs('ANNA'));
  names.release('Anna', true);
  clock.advance(4999);
  t.ok(names.isOurs('anna'));
  t.equal(names.take('Anna', nobody), 'Anna', 'it can be used again');
  names.release('Anna', true);
  clock.advance(5000);
  t.notOk(names.isOurs('anna'));
  t.notOk(names.isOurs('Ben'));
});

test('a name of a client that was not let in is not ours: somebody else may have it, and must be seen', async (t) => {
  const names = new ServerNames(new FakeClock());
  names.take('Anna', nobody);
  names.release('Anna', false);
  t.notOk(names.isOurs('anna'));
});
