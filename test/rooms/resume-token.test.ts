import { test } from 'tap';
import { GUEST } from '../../src/rooms/admission.ts';
import { BanList, personKey } from '../../src/rooms/ban-list.ts';
import { RESUME_LIFETIME_MS, ResumeTokens } from '../../src/rooms/resume-token.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const SECRET = 'a secret that all servers of this test have';
const WHO = { id: 'p1', room: 'lobby', admission: { ...GUEST, identity: 'user-7', mayModerate: true } };

function setUp() {
  const clock = new FakeClock();
  const bans = new BanList(clock);
  const tokens = (secret?: string) => new ResumeTokens(secret, bans, clock);
  return { clock, bans, tokens };
}

test('another server reads who somebody was, for that room and a day', (t) => {
  const { clock, tokens } = setUp();
  const token = tokens(SECRET).issue(WHO);
  t.match(token, /^[\w-]{50,4096}$/);
  t.notMatch(Buffer.from(token, 'base64url').toString(), /user-7|lobby/);
  const other = tokens(SECRET);
  t.strictSame(other.read(token, 'lobby'), WHO);
  t.strictSame(other.read(token, 'lobby', 'user-7'), WHO);
  t.equal(other.read(token, 'lobby', 'user-8'), undefined);
  t.equal(other.read(token, 'lobby', null), undefined);
  t.equal(other.read(token, 'den'), undefined);
  clock.advance(RESUME_LIFETIME_MS - 1);
  t.strictSame(other.read(token, 'lobby'), WHO);
  clock.advance(1);
  t.equal(other.read(token, 'lobby'), undefined);
  t.end();
});

test('not the server that issued it, which knows who is there, and nobody with another secret or none', (t) => {
  const { tokens } = setUp();
  const own = tokens(SECRET);
  const token = own.issue(WHO);
  t.equal(own.read(token, 'lobby'), undefined);
  t.equal(tokens('another secret that is as long as that one').read(token, 'lobby'), undefined);
  t.equal(tokens().read(token, 'lobby'), undefined);
  for (const forged of [undefined, '', 'x'.repeat(43), `${token.slice(0, -3)}xyz`])
    t.equal(tokens(SECRET).read(forged, 'lobby'), undefined, `${forged}`);
  const alone = tokens();
  t.match(alone.issue(WHO), /^[\w-]{43}$/, 'a server by itself says nothing in it');
  t.not(alone.issue(WHO), alone.issue(WHO));
  t.end();
});

test('whoever was removed is not resumed', (t) => {
  const { clock, bans, tokens } = setUp();
  const token = tokens(SECRET).issue(WHO);
  bans.removed('den', personKey({ id: 'p1', identity: null }), RESUME_LIFETIME_MS);
  t.strictSame(tokens(SECRET).read(token, 'lobby'), WHO, 'from another room');
  bans.removed('lobby', personKey({ id: 'p1', identity: null }), RESUME_LIFETIME_MS);
  t.equal(tokens(SECRET).read(token, 'lobby'), undefined);
  clock.advance(RESUME_LIFETIME_MS);
  t.equal(tokens(SECRET).read(token, 'lobby'), undefined, 'the token does not live longer than the memory');
  t.end();
});
