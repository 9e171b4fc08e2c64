import { test } from 'tap';
import { CodecGate, closeGate, createGateMemory } from '../../../src/media/link/codec-gate.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

test('a gate with nobody inside closes at once', async (t) => {
  const gate = createGateMemory();
  new CodecGate(gate).enter();
  new CodecGate(gate).leave();
  let closed = 0;
  closeGate(gate, new FakeClock(), () => closed++);
  t.equal(closed, 1);
});

test('a gate closes once whoever is inside has left, and not before', async (t) => {
  const memory = createGateMemory();
  const gate = new CodecGate(memory);
  const clock = new FakeClock();
  let closed = 0;
  gate.enter();
  closeGate(memory, clock, () => closed++);
  clock.advance(990);
  t.equal(closed, 0);
  gate.leave();
  clock.advance(5);
  t.equal(closed, 1);
  clock.advance(1000);
  t.equal(closed, 1, 'once');
});

test('whoever does not come out within a second is not waited for', async (t) => {
  const memory = createGateMemory();
  const clock = new FakeClock();
  let closed = 0;
  new CodecGate(memory).enter();
  closeGate(memory, clock, () => closed++);
  clock.advance(1000);
  t.equal(closed, 1);
  clock.advance(1000);
  t.equal(closed, 1);
});
