import { test } from 'tap';
import type { NodeRecord } from '../../src/cluster/node-record.ts';
import { chooseNode, hashNode } from '../../src/cluster/placement.ts';
import { createPrng } from '../helpers/prng.ts';

const node = (name: string, more: Partial<NodeRecord> = {}): NodeRecord => ({
  node: name,
  incarnation: '1',
  version: '1',
  url: `ws://${name}/ws`,
  peer: `http://${name}`,
  region: '',
  load: 0,
  rooms: 0,
  people: 0,
  draining: false,
  ...more,
});
const wish = { region: '', given: new Map<string, number>(), random: () => 0 };

test('the less busy of two random nodes is chosen, counting rooms that it got since it told its load', (t) => {
  const nodes = [node('a', { load: 0.5 }), node('b', { load: 0.2 })];
  t.equal(chooseNode(nodes, wish)?.node, 'b');
  t.equal(chooseNode(nodes, { ...wish, given: new Map([['b', 31]]) })?.node, 'a');
  t.equal(chooseNode([node('a'), node('b')], wish)?.node, 'a', 'the first of two equals');
  t.equal(chooseNode([node('a')], wish)?.node, 'a');
  t.equal(chooseNode([], wish), undefined);
  t.end();
});

test('nodes that drain or are full get nothing, and the own region comes first', (t) => {
  const away = node('away', { region: 'eu', load: 0.9 });
  t.equal(chooseNode([node('a', { draining: true }), node('b', { load: 1 }), away], wish)?.node, 'away');
  t.equal(chooseNode([node('a'), away], { ...wish, region: 'eu' })?.node, 'away');
  t.equal(chooseNode([node('a'), { ...away, draining: true }], { ...wish, region: 'eu' })?.node, 'a');
  t.equal(hashNode([node('a', { draining: true }), away], 'room')?.node, 'away');
  t.equal(hashNode([], 'room'), undefined);
  t.end();
});

test('a thousand rooms are spread, by load and by hash, and all who know the same nodes agree', (t) => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name));
  const random = createPrng(7);
  const given = new Map<string, number>();
  const hashed = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const chosen = chooseNode(nodes, { region: '', given, random })!.node;
    given.set(chosen, (given.get(chosen) ?? 0) + 1);
    const same = hashNode(nodes, `room ${i}`)!.node;
    t.equal(hashNode(nodes.toReversed(), `room ${i}`)!.node, same);
    hashed.set(same, (hashed.get(same) ?? 0) + 1);
  }
  for (const counts of [given, hashed])
    for (const count of counts.values()) t.ok(count > 270 && count < 400, `${count}`);
  t.end();
});
