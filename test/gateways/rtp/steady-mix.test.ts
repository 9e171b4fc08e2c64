import { type Test, test } from 'tap';
import { concealmentToc, SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { SteadyMix } from '../../../src/gateways/rtp/steady-mix.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const SOUND = Uint8Array.of(0xf8, 1, 2, 3);
const CONCEALED = Uint8Array.of(concealmentToc(0xf8));

function setUp(t: Test, startMs = 1010) {
  const clock = new FakeClock({ startMs });
  const written: { readonly payload: Uint8Array; readonly position: number }[] = [];
  const steady = new SteadyMix({ clock, write: (payload, position) => written.push({ payload, position }) });
  t.teardown(() => steady.close());
  /** The packet of the tick that is now, or of one before. */
  const say = (payload: Uint8Array, ticksAgo = 0) =>
    steady.add(payload, ((Math.floor(clock.now() / 20) - ticksAgo) * 960) >>> 0);
  const kinds = () =>
    written.map(({ payload }) => (payload === SILENCE_PACKET ? '-' : payload.length === 1 ? 'c' : 's')).join('');
  return { clock, written, steady, say, kinds };
}

test('silence is sent as a packet every 20 ms, whose places follow each other', async (t) => {
  const { clock, written, steady, kinds } = setUp(t);
  clock.advance(50);
  t.equal(written.length, 0, 'sound may still come');
  clock.advance(1000);
  t.equal(kinds(), '-'.repeat(50));
  t.same(
    written.map(({ position }) => position),
    Array.from({ length: 50 }, (_, n) => n * 960),
  );
  steady.close();
  t.equal(clock.pendingTimers, 0);
});

test('sound is sent at once, after the silence before it', async (t) => {
  const { clock, written, say, kinds } = setUp(t, 2000);
  clock.advance(200);
  t.equal(kinds(), '-'.repeat(7));
  say(SOUND);
  t.equal(kinds(), `${'-'.repeat(10)}s`);
  t.same(written.at(-1), { payload: SOUND, position: 10 * 960 });
  for (let n = 0; n < 5; n++) {
    clock.advance(20);
    say(SOUND);
  }
  t.equal(kinds(), `${'-'.repeat(10)}${'s'.repeat(6)}`, 'nothing comes between');
  clock.advance(80);
  t.equal(kinds().length, 16, 'what is late may still come');
  clock.advance(20);
  t.equal(kinds(), `${'-'.repeat(10)}${'s'.repeat(6)}-`);
  say(SOUND, 5);
  t.equal(kinds().length, 17, 'too late');
});

test('a packet that is missing between others is concealed by the receiver', async (t) => {
  const { clock, written, say, kinds } = setUp(t, 2000);
  say(SOUND);
  clock.advance(60);
  say(SOUND);
  t.equal(kinds(), 'sccs');
  t.same(written[1]?.payload, CONCEALED);
  say(SOUND);
  t.equal(kinds(), 'sccs', 'nothing is sent twice');
});

test('what repeats silence, or is no packet of 20 ms, is not sent', async (t) => {
  const { say, kinds } = setUp(t, 2000);
  say(SILENCE_REFRESH_PACKET);
  say(Uint8Array.of(0xf0, 1, 2, 3));
  say(new Uint8Array(0));
  t.equal(kinds(), '');
});

test('after a long pause, the missing time is left out', async (t) => {
  const { written, say, kinds } = setUp(t, 2000);
  say(SOUND);
  say(SOUND, -26);
  t.equal(kinds(), `s${'c'.repeat(25)}s`);
  say(SOUND, -26 - 27);
  t.equal(kinds(), `s${'c'.repeat(25)}ss`);
  t.equal(written.at(-1)?.position, 53 * 960);
});

test('time stamps of 32 bits begin again', async (t) => {
  const beforeWrap = Math.floor(2 ** 32 / 960) * 20;
  const { clock, say, written } = setUp(t, beforeWrap);
  for (let n = 0; n < 4; n++) {
    say(SOUND);
    clock.advance(20);
  }
  t.same(
    written.map(({ position }) => position),
    [0, 960, 1920, 2880],
  );
});
