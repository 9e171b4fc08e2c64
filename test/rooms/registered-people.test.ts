import { type Test, test } from 'tap';
import { admitToRoom } from '../../src/gateways/mumble/entrance.ts';
import { AppError } from '../../src/lib/errors.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { AddressLimits } from '../../src/rooms/address-limits.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import { RegisteredPeople } from '../../src/rooms/registered-people.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { openRegistry } from '../helpers/open-registry.ts';
import { RecordingListener } from '../helpers/recording-listener.ts';

const SECRET = 'a secret that is long enough to sign with';
const PEOPLE = {
  registeredNames: { 'user-7': 'Ada', 'mumble:ab12': 'Grace Hopper' },
  moderators: ['mumble:ab12', 'user-9'],
};

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

function accessFor(t: Test, mode: 'open' | 'token' = 'open') {
  const clock = new FakeClock();
  const settings = { mode, tokenSecret: SECRET, roomPasswords: {} };
  const access = new AccessControl({ ...settings, ...PEOPLE, clock });
  t.teardown(() => access.close());
  const admit = async (identity: string, name?: string) => {
    const grant = { room: 'lobby', identity, name, maySpeak: true, mayModerate: false };
    const token = await access.createToken(grant, 60_000);
    return access.admit({ room: 'lobby', token }, () => true);
  };
  return { access, settings, admit, clock };
}

test('whoever is registered has their name and moderates, whatever their token says', async (t) => {
  const { access, settings, admit } = accessFor(t);
  t.match(await admit('user-7', 'Somebody'), { identity: 'user-7', name: 'Ada', mayModerate: false });
  t.match(await admit('user-7'), { name: 'Ada' });
  t.match(await admit('user-9', 'Nina'), { name: 'Nina', mayModerate: true });
  t.match(await admit('user-1', 'Bob'), { name: 'Bob', mayModerate: false });
  t.equal(await access.admit({ room: 'lobby' }, () => true), GUEST);

  access.configure({ ...settings, registeredNames: {}, moderators: ['user-1'] });
  t.match(await admit('user-7', 'Somebody'), { name: 'Somebody' });
  t.match(await admit('user-1'), { mayModerate: true });
});

test('settings that cannot be are refused, and nothing changes', async (t) => {
  const { access, settings, admit } = accessFor(t);
  for (const [registeredNames, complaint] of [
    [{ a: 'Bo', b: 'b-O' }, /gives "b-O" to "a" and to "b"/],
    [{ a: ' ' }, /" " cannot be the name of "a"/],
  ] as const) {
    t.throws(() => access.check({ ...settings, registeredNames }), complaint);
    t.throws(() => access.configure({ ...settings, mode: 'token', registeredNames }), complaint);
    t.throws(() => new AccessControl({ ...settings, registeredNames, clock: new FakeClock() }), complaint);
  }
  t.match(await admit('user-7'), { name: 'Ada' });
  t.equal(access.needsToken, false);
});

test('nobody else may have a registered name, nor one that looks like it', (t) => {
  const people = new RegisteredPeople(PEOPLE);
  for (const name of ['Ada', 'ADA', ' a.d-a ', 'Ａｄａ', 'A\u200Dda', 'grace hopper', 'GraceHopper'])
    for (const identity of [null, 'user-9'])
      t.equal(
        codeOf(() => people.checkName(name, identity)),
        'name_reserved',
        name,
      );
  t.equal(
    codeOf(() => people.checkName('ada', 'user-7')),
    undefined,
  );
  for (const name of ['Adam', 'Grace', '…', 'Ad'])
    t.equal(
      codeOf(() => people.checkName(name, null)),
      undefined,
      name,
    );
  t.equal(
    codeOf(() => new RegisteredPeople({ registeredNames: { a: '?a' } }).checkName('!?', null)),
    undefined,
  );
  t.equal(
    codeOf(() => new RegisteredPeople({}).checkName('Ada', null)),
    undefined,
  );
  t.end();
});

test('a guest does not join under the name of somebody who is registered', async (t) => {
  const { registry } = openRegistry(10, [], {}, PEOPLE);
  t.teardown(() => registry.close());
  const join = (name: string, identity: string | null, from: string | undefined = '10.0.0.1') =>
    registry.join({
      room: 'lobby',
      name,
      from,
      admission: { ...GUEST, identity },
      listener: new RecordingListener(),
      state: { muted: false, deafened: false },
    });
  t.equal(
    codeOf(() => join('ada', null)),
    'name_reserved',
  );
  t.equal(
    codeOf(() => join('ada', 'user-9')),
    'name_reserved',
  );
  t.equal(join('Ada', 'user-7').participant.name, 'Ada');
  const bridged = registry.join({
    room: 'lobby',
    name: 'Ada',
    admission: GUEST,
    listener: new RecordingListener(),
    state: { muted: false, deafened: false },
  });
  t.equal(bridged.participant.name, 'Ada', 'whoever the operator brings from elsewhere keeps their name');
});

test('a Mumble client is known by its certificate', async (t) => {
  const { access, clock } = accessFor(t);
  const { registry } = openRegistry();
  t.teardown(() => registry.close());
  const limits = { maxConnectionsPerAddress: 0, maxJoinsPerMinute: 0, maxFailedJoinsPerMinute: 0 };
  const addresses = new AddressLimits(limits, clock, new LimitCounts(), access.bans);
  const enter = (hash: string | null) =>
    admitToRoom({ registry, addresses, access, checkBan: () => {} }, 'lobby', {
      secrets: [],
      hash,
      from: '10.0.0.1',
      isWanted: () => true,
    });
  t.match(await enter('ab12'), { identity: 'mumble:ab12', name: 'Grace Hopper', mayModerate: true });
  t.match(await enter('ff00'), { identity: 'mumble:ff00', name: null, mayModerate: false });
  t.match(await enter(null), GUEST);
});
