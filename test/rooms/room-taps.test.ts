import { test } from 'tap';
import type { RoomTapSubscription } from '../../src/media/plane.ts';
import { RoomTaps } from '../../src/rooms/room-taps.ts';

test('several recorders share the tap of the media, which changes only when they want something else', (t) => {
  const told: (RoomTapSubscription | null)[] = [];
  const taps = new RoomTaps(() => ({ setTap: (tap) => void told.push(tap) }));
  const heard: string[] = [];
  const tapFor = (name: string, voices: boolean, mix: boolean): RoomTapSubscription => ({
    request: { voices, mix },
    sink: { voice: () => heard.push(`${name} voice`), mix: () => heard.push(`${name} mix`) },
  });
  const packet = { arrivalMs: 0, timestamp: 0, payload: Uint8Array.of(0xf8) };
  const say = () => {
    const sink = told.at(-1)?.sink;
    sink?.voice({ ...packet, seatId: 1, stream: 1, levelDbov: null });
    sink?.mix(packet);
    return heard.splice(0);
  };
  const [recorder, live] = [taps.slot(), taps.slot()];
  live.setTap(tapFor('live', false, true));
  t.same(say(), ['live mix']);
  recorder.setTap(tapFor('recorder', true, false));
  t.same(say(), ['recorder voice', 'live mix']);
  t.same(
    told.map((tap) => tap?.request),
    [
      { voices: false, mix: true },
      { voices: true, mix: true },
    ],
  );
  recorder.setTap(tapFor('both', true, true));
  t.equal(told.length, 2, 'nothing changes for the media');
  t.same(say().sort(), ['both mix', 'both voice', 'live mix']);
  live.setTap(null);
  live.setTap(null);
  t.equal(told.length, 2);
  recorder.setTap(null);
  t.equal(told.length, 3);
  t.equal(told.at(-1), null);
  t.end();
});

test('voices are shown at once while anybody needs that', async (t) => {
  const told: (RoomTapSubscription | null)[] = [];
  const taps = new RoomTaps(() => ({ setTap: (tap) => void told.push(tap) }));
  const sink = { voice: () => {}, mix: () => {} };
  const [recorder, relay] = [taps.slot(), taps.slot()];
  recorder.setTap({ request: { voices: true, mix: false }, sink });
  relay.setTap({ request: { voices: true, mix: false, live: true }, sink });
  relay.setTap(null);
  t.same(
    told.map((tap) => tap?.request),
    [
      { voices: true, mix: false },
      { voices: true, mix: false, live: true },
      { voices: true, mix: false },
    ],
  );
});

test('a recorder may end after the room', async (t) => {
  const told: (RoomTapSubscription | null)[] = [];
  let isOpen = true;
  const taps = new RoomTaps(() => (isOpen ? { setTap: (tap) => void told.push(tap) } : undefined));
  const slot = taps.slot();
  slot.setTap({ request: { voices: true, mix: false }, sink: { voice: () => {}, mix: () => {} } });
  isOpen = false;
  slot.setTap(null);
  t.equal(told.length, 1);
});
