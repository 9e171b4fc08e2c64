import { test } from 'tap';
import { turnServers } from '../../src/signaling/ice-servers.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const TURN = {
  turnUrls: ['turn:turn.example.org'],
  turnSecret: 'a secret of both servers',
  turnUsername: '',
  turnPassword: '',
  turnLifetimeMinutes: 10,
};

test('each join gets its own credentials, valid from then on', (t) => {
  const clock = new FakeClock();
  const serversFor = turnServers(TURN, clock);
  const expiry = () => Math.floor(clock.wallNow() / 1000) + 600;
  const [first] = serversFor('ada');
  t.match(first, { urls: TURN.turnUrls, username: `${expiry()}:ada`, credential: /^[\w+/]{27}=$/ });
  t.not(serversFor('ben')[0]!.credential, first!.credential);
  clock.advance(60_000);
  const [later] = serversFor('ada');
  t.equal(later!.username, `${expiry()}:ada`);
  t.not(later!.username, first!.username);
  t.end();
});

test('without TURN a participant gets no ICE server', (t) => {
  t.strictSame(turnServers({ ...TURN, turnUrls: [] }, new FakeClock())('ada'), []);
  t.end();
});
