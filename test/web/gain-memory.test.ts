import { test } from 'tap';
import { GainMemory } from '../../web/sdk/gain-memory.ts';
import { person } from './fake-browser.ts';

function storage(text?: string) {
  const items = new Map(text === undefined ? [] : [['partyline-volumes', text]]);
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

test('gains are remembered by identity, and those of guests by name', (t) => {
  const kept = storage();
  const before = new GainMemory(kept);
  before.set(person('1', { identity: 'ada', name: 'Ada' }), 0.5);
  before.set(person('2', { name: 'Ben' }), 0);
  const after = new GainMemory(kept);
  t.equal(after.gainOf(person('7', { identity: 'ada', name: 'Countess' })), 0.5);
  t.equal(after.gainOf(person('8', { name: 'Ben' })), 0);
  t.equal(after.gainOf(person('9', { identity: 'ben', name: 'Ben' })), 1, 'another person with the same name');
  after.set(person('8', { name: 'Ben' }), 1);
  t.equal(new GainMemory(kept).gainOf(person('8', { name: 'Ben' })), 1);
  t.end();
});

test('the latest 500 people are remembered', (t) => {
  const kept = storage();
  const memory = new GainMemory(kept);
  for (let i = 0; i < 520; i++) memory.set(person('x', { name: `n${i}` }), 0.5);
  const after = new GainMemory(kept);
  const gains = Array.from({ length: 520 }, (_, i) => after.gainOf(person('x', { name: `n${i}` })));
  t.strictSame(gains, [...new Array(20).fill(1), ...new Array(500).fill(0.5)]);
  t.end();
});

test('an invalid list of gains is ignored, and so is a storage that fails', (t) => {
  for (const text of [
    '',
    '{',
    '{}',
    '7',
    'null',
    '[1]',
    '[["guest Ben"]]',
    '[["guest Ben", 7]]',
    '[["guest Ben", "0"]]',
  ])
    t.equal(new GainMemory(storage(text)).gainOf(person('1', { name: 'Ben' })), 1, text);
  const failing = {
    getItem: () => {
      throw new Error('no');
    },
    setItem: () => {
      throw new Error('full');
    },
  };
  for (const memory of [new GainMemory(failing), new GainMemory(null)]) {
    memory.set(person('1', { name: 'Ben' }), 0.25);
    t.equal(memory.gainOf(person('1', { name: 'Ben' })), 0.25);
  }
  t.end();
});
