import * as fc from 'fast-check';
import { test } from 'tap';
import { IceLite } from '../../../src/rtc/ice/ice-lite.ts';
import { parseStun, STUN_HEADER_LENGTH, verifyStunIntegrity } from '../../../src/rtc/ice/stun.ts';
import { writeBindingRequest } from '../../../src/rtc/ice/stun-writer.ts';
import { NetworkPath } from '../../../src/rtc/net/network-path.ts';
import { createBytes } from '../bytes.ts';

const bytes = createBytes(9);
const OLD = { localUfrag: 'old', localPassword: 'old secret', remoteUfrag: 'peer' };
const NEW = { localUfrag: 'new', localPassword: 'new secret', remoteUfrag: 'peer2' };
/** FINGERPRINT with its header. */
const FINGERPRINT_LENGTH = 8;

interface CheckOptions {
  readonly as?: typeof OLD;
  readonly nominates?: boolean;
  readonly username?: string;
  readonly password?: string;
}

function check({ as = OLD, nominates = false, username, password }: CheckOptions = {}): Buffer {
  return writeBindingRequest({
    transactionId: bytes(12),
    username: username ?? `${as.localUfrag}:${as.remoteUfrag}`,
    key: password ?? as.localPassword,
    priority: 1,
    tieBreaker: 1n,
    useCandidate: nominates,
  });
}

/** An agent, and paths that keep what is sent on them. */
function setUp() {
  const ice = new IceLite(OLD);
  const answers: { path: NetworkPath; datagram: Buffer }[] = [];
  let ports = 0;
  const createPath = (protocol: 'udp' | 'tcp' = 'udp'): NetworkPath => {
    const path: NetworkPath = new NetworkPath(
      {
        protocol,
        send: (datagram) => {
          answers.push({ path, datagram: Buffer.from(datagram) });
          return true;
        },
      },
      '192.0.2.1',
      5000 + ports++,
      0,
    );
    return path;
  };
  const receive = (datagram: Buffer, path: NetworkPath, nowMs: number) =>
    ice.receive(parseStun(datagram)!, datagram, path, nowMs);
  const ask = (path: NetworkPath, nowMs = 0, options: CheckOptions = {}) => receive(check(options), path, nowMs);
  const nominate = (path: NetworkPath, nowMs = 0, options: CheckOptions = {}) =>
    ask(path, nowMs, { ...options, nominates: true });
  return { ice, answers, createPath, receive, ask, nominate };
}

test('an authentic check is answered with its source address, and its path is valid', (t) => {
  const { ice, answers, createPath, receive } = setUp();
  const path = createPath();
  t.equal(ice.selected, null);
  const request = check();
  t.same(receive(request, path, 70), { authentic: true, added: path, removed: null, retiredUfrag: null });
  t.same(ice.paths, [path]);
  t.equal(path.lastHeardMs, 70);
  t.equal(answers.length, 1);
  const { datagram } = answers[0]!;
  const answer = parseStun(datagram)!;
  t.match(answer, { class: 'success', xorMappedAddress: { address: '192.0.2.1', port: path.port } });
  t.same(Buffer.from(answer.transactionId), request.subarray(8, 20));
  t.ok(verifyStunIntegrity(datagram, answer, OLD.localPassword));
  t.match(receive(check(), path, 90), { authentic: true, added: null });
  t.equal(path.lastHeardMs, 90);
  t.same(ice.paths, [path], 'a second check adds nothing');
  t.end();
});

test('an unauthentic check gets no answer and changes nothing', (t) => {
  const { ice, answers, createPath, receive } = setUp();
  const path = createPath();
  const whole = check();
  const withoutFingerprint = Buffer.from(whole.subarray(0, whole.length - FINGERPRINT_LENGTH));
  withoutFingerprint.writeUInt16BE(withoutFingerprint.length - STUN_HEADER_LENGTH, 2);
  for (const datagram of [
    check({ password: 'guess' }),
    check({ username: 'old:stranger' }),
    check({ username: 'old' }),
    check({ as: NEW }),
    withoutFingerprint,
  ]) {
    t.match(receive(datagram, path, 50), { authentic: false, added: null });
  }
  t.equal(answers.length, 0);
  t.same(ice.paths, []);
  t.equal(path.lastHeardMs, 0);
  t.end();
});

test('a repeated check is answered on its own path only, and proves nothing', (t) => {
  const { ice, answers, createPath, receive } = setUp();
  const [home, other] = [createPath(), createPath()];
  const request = check({ nominates: true });
  receive(request, home, 10);
  t.same(receive(request, home, 20), { authentic: true, added: null, removed: null, retiredUfrag: null });
  t.equal(answers.length, 2, 'the answer may have been lost');
  t.equal(home.lastHeardMs, 10, 'somebody may have captured it');
  t.match(receive(request, other, 30), { authentic: false, added: null });
  t.equal(answers.length, 2);
  t.same(ice.paths, [home]);
  t.end();
});

test('a captured nomination does not move media between valid paths', (t) => {
  const { ice, createPath, receive, ask } = setUp();
  const [home, away] = [createPath(), createPath()];
  const request = check({ nominates: true });
  receive(request, home, 0);
  ask(away, 10);
  receive(check({ nominates: true }), away, 20);
  receive(request, home, 30);
  t.equal(ice.selected, away);
  t.end();
});

test('an unknown comprehension-required attribute is refused, but only to a peer with the password', (t) => {
  const { ice, answers, createPath, receive } = setUp();
  const path = createPath();
  for (const password of ['guess', OLD.localPassword]) {
    const request = check({ password });
    const message = parseStun(request)!;
    message.unknownRequired.push(0x7001, 0x7002);
    t.match(ice.receive(message, request, path, 5), { authentic: false, added: null });
  }
  t.equal(answers.length, 1);
  t.match(parseStun(answers[0]!.datagram), { class: 'error', errorCode: 420 });
  t.ok(answers[0]!.datagram.includes(Buffer.from([0x70, 0x01, 0x70, 0x02])));
  t.same(ice.paths, []);
  t.match(receive(check(), path, 6), { authentic: true });
  t.end();
});

test('media goes to the first valid path, then to that of the latest nomination', (t) => {
  const { ice, createPath, ask, nominate } = setUp();
  const [first, second, third] = [createPath(), createPath(), createPath()];
  ask(first);
  t.equal(ice.selected, first);
  ask(second, 10);
  t.equal(ice.selected, first);
  nominate(second, 20);
  t.equal(ice.selected, second);
  nominate(third, 30);
  t.equal(ice.selected, third);
  nominate(second, 40);
  t.equal(ice.selected, second);
  t.end();
});

test('TCP takes over from UDP only when UDP has not been nominated for three seconds', (t) => {
  const { ice, createPath, ask, nominate } = setUp();
  const [udp, otherUdp, tcp, otherTcp] = [createPath(), createPath(), createPath('tcp'), createPath('tcp')];
  nominate(udp, 100);
  nominate(udp, 1000);
  nominate(tcp, 3999);
  t.equal(ice.selected, udp);
  ask(udp, 3999);
  nominate(tcp, 4000);
  t.equal(ice.selected, tcp, 'a check without a nomination keeps nothing');
  nominate(otherTcp, 4001);
  t.equal(ice.selected, otherTcp, 'between TCP connections the latest nomination counts');
  nominate(udp, 4002);
  t.equal(ice.selected, udp, 'UDP takes over at once');
  nominate(otherUdp, 4003);
  t.equal(ice.selected, otherUdp);
  t.end();
});

test('TCP takes over at once from UDP that was never nominated', (t) => {
  for (const wayOut of ['first path', 'path that took over']) {
    const { ice, createPath, ask, nominate } = setUp();
    const [udp, otherUdp, tcp] = [createPath(), createPath(), createPath('tcp')];
    ask(udp, 0);
    if (wayOut === 'path that took over') {
      nominate(otherUdp, 1);
      ice.lose(otherUdp, 2);
    }
    nominate(tcp, 3);
    t.equal(ice.selected, tcp, wayOut);
  }
  t.end();
});

test('eight paths are kept: the longest inactive one makes room, but never the one in use', (t) => {
  const { ice, createPath, ask, nominate } = setUp();
  const paths = Array.from({ length: 8 }, () => createPath());
  for (const [i, path] of paths.entries()) t.match(ask(path, 10 + i), { removed: null });
  nominate(paths[0]!, 20);
  ask(paths[1]!, 21);
  for (const path of paths.slice(3)) ask(path, 22);
  paths[0]!.lastHeardMs = 0;
  const ninth = createPath();
  t.match(ask(ninth, 30), { added: ninth, removed: paths[2]! });
  t.equal(ice.paths.length, 8);
  t.ok(ice.paths.includes(ninth) && ice.paths.includes(paths[0]!));
  t.notOk(ice.paths.includes(paths[2]!));
  t.match(ask(createPath(), 31), { removed: paths[1]! });
  t.end();
});

test('when the path in use is lost, the most recently active one takes over', (t) => {
  const { ice, createPath, ask, nominate } = setUp();
  const [used, older, latest] = [createPath(), createPath(), createPath()];
  const [other, stranger] = [createPath(), createPath()];
  nominate(used, 0);
  ask(older, 1);
  ask(latest, 3);
  ask(other, 2);
  ice.lose(stranger, 4);
  t.equal(ice.paths.length, 4);
  ice.lose(other, 4);
  t.equal(ice.selected, used, 'the loss of another path changes nothing');
  t.equal(ice.paths.length, 3);
  ice.lose(used, 5);
  t.equal(ice.selected, latest);
  ice.lose(latest, 6);
  t.equal(ice.selected, older);
  ice.lose(older, 7);
  t.equal(ice.selected, null);
  t.same(ice.paths, []);
  ask(latest, 8);
  t.equal(ice.selected, latest, 'and it starts over');
  t.end();
});

test('a nomination that no media follows is reverted when media arrives on another path for half a second', (t) => {
  const { ice, createPath, nominate } = setUp();
  const [home, away, stranger] = [createPath(), createPath(), createPath()];
  nominate(home, 0);
  t.ok(ice.heardMedia(home, 100));
  nominate(away, 1000);
  t.ok(ice.heardMedia(home, 1499), 'the path is valid');
  t.equal(home.lastHeardMs, 1499);
  t.equal(ice.selected, away);
  t.notOk(ice.heardMedia(stranger, 1600), 'an invalid path proves nothing');
  t.equal(ice.selected, away);
  nominate(away, 1601);
  t.ok(ice.heardMedia(home, 1602), 'being nominated again does not help it');
  t.equal(ice.selected, home);
  t.end();
});

test('the half second begins with the nomination', (t) => {
  for (const [pauseMs, takesBack] of [
    [499, false],
    [500, true],
  ] as const) {
    const { ice, createPath, nominate } = setUp();
    const [home, away] = [createPath(), createPath()];
    nominate(home, 0);
    nominate(away, 1000);
    ice.heardMedia(home, 1000 + pauseMs);
    t.equal(ice.selected, takesBack ? home : away);
  }
  t.end();
});

test('a nomination that media follows stands', (t) => {
  const { ice, createPath, nominate } = setUp();
  const [home, away] = [createPath(), createPath()];
  nominate(home, 0);
  ice.heardMedia(home, 100);
  nominate(away, 1000);
  ice.heardMedia(away, 1010);
  nominate(away, 1020);
  t.ok(ice.heardMedia(home, 9000), 'late packets on the other path are fine');
  t.equal(ice.selected, away);
  nominate(home, 9001);
  ice.heardMedia(away, 9501);
  t.equal(ice.selected, away, 'and the next nomination has to prove itself again');
  t.end();
});

test('a path that media has moved back to is confirmed', (t) => {
  const { ice, createPath, nominate } = setUp();
  const [home, away] = [createPath(), createPath()];
  nominate(home, 0);
  nominate(away, 0);
  ice.heardMedia(home, 500);
  t.equal(ice.selected, home);
  ice.heardMedia(away, 2000);
  t.equal(ice.selected, home);
  t.end();
});

test('old credentials are valid until a path is nominated with the new ones', (t) => {
  const { ice, createPath, ask, nominate } = setUp();
  const [home, away] = [createPath(), createPath()];
  nominate(home, 0);
  t.same(ice.localUfrags, ['old']);
  t.equal(ice.restart({ ...NEW, localUfrag: 'unused' }), null);
  t.equal(ice.restart(NEW), 'unused', 'a restart that led nowhere is forgotten');
  t.same(ice.localUfrags, ['old', 'new']);
  t.match(ask(away, 1, { as: { ...NEW, localUfrag: 'unused' } }), { authentic: false });
  t.match(nominate(home, 1, { as: OLD }), { authentic: true, retiredUfrag: null });
  t.match(ask(away, 2, { as: NEW }), { authentic: true, added: away, retiredUfrag: null });
  t.same(ice.localUfrags, ['old', 'new'], 'a check without a nomination ends nothing');
  t.match(ask(away, 3, { as: NEW, password: OLD.localPassword }), { authentic: false });
  t.same(nominate(away, 4, { as: NEW }), { authentic: true, added: null, removed: null, retiredUfrag: 'old' });
  t.same(ice.localUfrags, ['new']);
  t.equal(ice.selected, away);
  t.match(ask(home, 5, { as: OLD }), { authentic: false });
  t.match(nominate(away, 6, { as: NEW }), { retiredUfrag: null });
  t.equal(ice.restart(OLD), null, 'nothing is left of the restart');
  t.end();
});

test('a nomination that does not count does not end the old credentials', (t) => {
  const { ice, createPath, nominate } = setUp();
  const [udp, tcp] = [createPath(), createPath('tcp')];
  nominate(udp, 0);
  ice.restart(NEW);
  t.match(nominate(tcp, 1, { as: NEW }), { added: tcp, retiredUfrag: null });
  t.same(ice.localUfrags, ['old', 'new']);
  t.match(nominate(udp, 2, { as: NEW }), { retiredUfrag: 'old' });
  t.end();
});

test('whatever happens, media goes to a valid path while there is one, and paths are few', (t) => {
  const event = fc.tuple(fc.constantFrom('ask', 'nominate', 'lose', 'media'), fc.nat(11), fc.nat(600));
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { ice, createPath, ask, nominate } = setUp();
      const paths = Array.from({ length: 12 }, (_, i) => createPath(i < 8 ? 'udp' : 'tcp'));
      let nowMs = 0;
      return events.every(([kind, which, pauseMs]) => {
        nowMs += pauseMs;
        const path = paths[which]!;
        const wasValid = ice.paths.includes(path);
        if (kind === 'ask') ask(path, nowMs);
        else if (kind === 'nominate') nominate(path, nowMs);
        else if (kind === 'lose') ice.lose(path, nowMs);
        else if (ice.heardMedia(path, nowMs) !== wasValid) return false;
        const { selected, paths: valid } = ice;
        const isKept = kind === 'media' ? wasValid : kind !== 'lose';
        return (
          valid.length <= 8 &&
          new Set(valid).size === valid.length &&
          valid.includes(path) === isKept &&
          (valid.length === 0 ? selected === null : selected !== null && valid.includes(selected))
        );
      });
    }),
  );
  t.end();
});
