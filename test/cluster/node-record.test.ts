import { test } from 'tap';
import { type NodeRecord, readRecord, signRecord } from '../../src/cluster/node-record.ts';

const record: NodeRecord = {
  node: 'n1',
  incarnation: 'i',
  version: '1',
  url: 'wss://n1/ws',
  peer: 'http://n1',
  region: 'eu',
  load: 0.5,
  rooms: 3,
  people: 40,
  draining: false,
  settings: { 'cluster-lease-ms': '4000' },
};

test('a record is read with the secret with which it was signed, and only under its own name', (t) => {
  const signed = signRecord(record, 'secret');
  t.strictSame(readRecord('n1', signed, 'secret'), record);
  t.equal(readRecord('n2', signed, 'secret'), undefined);
  t.equal(readRecord('n1', signed, 'other'), undefined);
  t.equal(readRecord('n1', signed.replace('wss://n1', 'wss://x1'), 'secret'), undefined);
  t.end();
});

test('what is no record is not read', (t) => {
  for (const text of ['', 'x', ' ', `${signRecord(record, 'secret')}${' '.repeat(4096)}`])
    t.equal(readRecord('n1', text, 'secret'), undefined);
  const wrong = { ...record, load: 'much' } as unknown as NodeRecord;
  t.equal(readRecord('n1', signRecord(wrong, 'secret'), 'secret'), undefined);
  t.end();
});
