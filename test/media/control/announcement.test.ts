import { pino } from 'pino';
import { test } from 'tap';
import { Announcement } from '../../../src/media/control/announcement.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const log = pino({ level: 'silent' });
const FIVE_MINUTES_MS = 300_000;

test('addresses are announced as configured, and nothing is looked up', async (t) => {
  const clock = new FakeClock();
  const resolve = () => Promise.reject(new Error('not to be called'));
  const announce = ['203.0.113.7', '[2001:db8::7]:50000'];
  const announcement = await Announcement.start({ announce, clock, log, resolve });
  t.same(announcement.addresses, [
    { address: '203.0.113.7', port: null },
    { address: '2001:db8::7', port: 50_000 },
  ]);
  t.equal(clock.pendingTimers, 0);
});

test('a host name stands for its addresses of the last five minutes', async (t) => {
  const clock = new FakeClock();
  let known: readonly string[] | Error = ['203.0.113.7'];
  let lookups = 0;
  const resolve = async (name: string) => {
    lookups++;
    t.equal(name, 'voice.example.org');
    if (known instanceof Error) throw known;
    return known;
  };
  const announce = ['voice.example.org:50000', '192.0.2.1'];
  const announcement = await Announcement.start({ announce, clock, log, resolve });
  const fixed = { address: '192.0.2.1', port: null };
  t.same(announcement.addresses, [{ address: '203.0.113.7', port: 50_000 }, fixed]);

  const lookAgain = async () => {
    const before = lookups;
    clock.advance(FIVE_MINUTES_MS);
    t.equal(lookups, before + 1);
    await eventually(() => clock.pendingTimers === 1);
  };
  known = ['203.0.113.8', '2001:db8::8'];
  await lookAgain();
  const changed = [{ address: '203.0.113.8', port: 50_000 }, { address: '2001:db8::8', port: 50_000 }, fixed];
  t.same(announcement.addresses, changed);
  known = new Error('ENOTFOUND');
  await lookAgain();
  t.same(announcement.addresses, changed, 'while the name does not resolve, the last addresses are used');
  announcement.close();
  t.equal(clock.pendingTimers, 0);
});

test('a name that does not resolve at startup is an error in words', async (t) => {
  const resolve = () => Promise.reject(new Error('getaddrinfo ENOTFOUND'));
  await t.rejects(Announcement.start({ announce: ['voice.invalid'], clock: new FakeClock(), log, resolve }), {
    message: 'the announced host name voice.invalid cannot be resolved',
  });
});

test("behind NAT, the server's names stand for the public addresses they resolve to", async (t) => {
  const clock = new FakeClock();
  let known: readonly string[] | Error = new Error('ENOTFOUND');
  const resolve = async () => {
    if (known instanceof Error) throw known;
    return known;
  };
  const names = ['voice.example.org'];
  const announcement = await Announcement.start({ announce: [], names, clock, log, resolve });
  t.same(announcement.addresses, [], 'an unresolved name does not block startup');
  known = ['127.0.1.1', '192.168.1.5', 'fd00::1'];
  clock.advance(FIVE_MINUTES_MS);
  await eventually(() => clock.pendingTimers === 1);
  t.same(announcement.addresses, [], 'nor does a name that resolves to no public address');
  known = ['127.0.1.1', '203.0.113.7'];
  clock.advance(FIVE_MINUTES_MS);
  await eventually(() => announcement.addresses.length > 0);
  t.same(announcement.addresses, [{ address: '203.0.113.7', port: null }]);
  announcement.close();

  const given = { announce: ['192.0.2.1'], names, clock, log, resolve };
  t.same((await Announcement.start(given)).addresses, [{ address: '192.0.2.1', port: null }], 'explicit addresses win');
});

test('names stand for public addresses while the machine is behind NAT, and are looked up once it is', async (t) => {
  const clock = new FakeClock();
  let known: readonly string[] | Error = new Error('EAI_AGAIN');
  let lookups = 0;
  const resolve = async () => {
    lookups++;
    if (known instanceof Error) throw known;
    return known;
  };
  let behind = false;
  const isBehindNat = () => behind;
  const names = ['voice.example.org'];
  const announcement = await Announcement.start({ announce: [], names, isBehindNat, clock, log, resolve });
  t.equal(lookups, 0, 'no lookup is made where it would be useless');
  behind = true;
  announcement.lookUp();
  await eventually(() => clock.pendingTimers === 1);
  t.same(announcement.addresses, [], 'the network is up, but its DNS is not');
  known = ['203.0.113.7'];
  clock.advance(20_000);
  await eventually(() => announcement.addresses.length > 0);
  t.same(announcement.addresses, [{ address: '203.0.113.7', port: null }]);
  await eventually(() => clock.pendingTimers === 1);
  clock.advance(20_000);
  t.equal(lookups, 2, 'then every five minutes, as before');
  behind = false;
  announcement.lookUp();
  await eventually(() => announcement.addresses.length === 0);
  announcement.close();
  t.equal(clock.pendingTimers, 0);
});

test('with two lookups at a time the later one counts, and one timer is left', async (t) => {
  const clock = new FakeClock();
  const answers: ((found: readonly string[]) => void)[] = [];
  let isFirst = true;
  const resolve = (): Promise<readonly string[]> => {
    if (!isFirst) return new Promise((tell) => answers.push(tell));
    isFirst = false;
    return Promise.resolve(['203.0.113.1']);
  };
  const announcement = await Announcement.start({ announce: ['voice.example.org'], clock, log, resolve });
  announcement.lookUp();
  announcement.lookUp();
  await eventually(() => answers.length === 2);
  answers[1]!(['203.0.113.3']);
  await eventually(() => clock.pendingTimers === 1);
  answers[0]!(['203.0.113.2']);
  await new Promise(setImmediate);
  t.same(announcement.addresses, [{ address: '203.0.113.3', port: null }]);
  t.equal(clock.pendingTimers, 1);
  announcement.close();
  t.equal(clock.pendingTimers, 0);
});
