import { Worker } from 'node:worker_threads';
import { test } from 'tap';
import {
  BodyReader,
  BodyWriter,
  createBodyTable,
  FLOATS,
  MOUTH_X,
  MOUTH_Z,
  VOICE,
  WORDS,
} from '../../../src/mixer/space/body-table.ts';

function place(writer: BodyWriter, slot: number, voice: number, x: number): void {
  writer.begin();
  writer.use(slot + 1);
  writer.words[slot * WORDS + VOICE] = voice;
  writer.floats[slot * FLOATS + MOUTH_X] = x;
  writer.end();
}

test('a reader sees what was written, and only between batches', async (t) => {
  const memory = createBodyTable();
  const [writer, reader] = [new BodyWriter(memory), new BodyReader(memory)];
  place(writer, 3, 77, 12.5);
  t.ok(reader.refresh());
  t.notOk(reader.refresh(), 'nothing has changed');
  t.equal(reader.slots, 4);
  t.equal(reader.slotOf(77), 3);
  t.equal(reader.floats[3 * FLOATS + MOUTH_X], 12.5);
  writer.begin();
  writer.floats[3 * FLOATS + MOUTH_X] = 99;
  t.notOk(reader.refresh());
  t.equal(reader.floats[3 * FLOATS + MOUTH_X], 12.5);
  writer.end();
  t.ok(reader.refresh());
  t.equal(reader.floats[3 * FLOATS + MOUTH_X], 99);
});

test('a body that gets another voice is found under that one only', async (t) => {
  const memory = createBodyTable();
  const [writer, reader] = [new BodyWriter(memory), new BodyReader(memory)];
  place(writer, 0, 5, 0);
  reader.refresh();
  place(writer, 0, 6, 0);
  reader.refresh();
  t.equal(reader.slotOf(5), undefined);
  t.equal(reader.slotOf(6), 0);
});

test('mode and walls between pairs', async (t) => {
  const memory = createBodyTable();
  const [writer, reader] = [new BodyWriter(memory), new BodyReader(memory)];
  writer.setMode('muted');
  reader.refresh();
  t.equal(reader.mode, 'muted');
  writer.setPair(7, 12, 0.8);
  t.ok(Math.abs(reader.pairMuffle(7, 12) - 0.8) < 0.005);
  t.equal(reader.pairMuffle(12, 7), 0);
  writer.setPair(12, 7, 1);
  writer.clearPairs(7);
  t.strictSame([reader.pairMuffle(7, 12), reader.pairMuffle(12, 7)], [0, 0]);
});

test('a reader in another thread never sees half of a batch', async (t) => {
  const memory = createBodyTable();
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const header = new Int32Array(workerData.memory, 0, 8);
    const floats = new Float32Array(workerData.memory, 32, 1024 * 16);
    header[1] = 300;
    for (let n = 1; n <= 4000; n++) {
      Atomics.add(header, 0, 1);
      for (let slot = 0; slot < 300; slot++) floats[slot * 16] = floats[slot * 16 + 2] = n;
      Atomics.add(header, 0, 1);
      for (let i = 0; i < 5000; i++) Atomics.load(header, 0);
    }
    parentPort.postMessage('done');`;
  const worker = new Worker(code, { eval: true, workerData: { memory } });
  const reader = new BodyReader(memory);
  let done = false;
  worker.once('message', () => {
    done = true;
  });
  let seen = 0;
  while (!done) {
    for (let i = 0; i < 200; i++) {
      if (!reader.refresh()) continue;
      seen++;
      const first = reader.floats[MOUTH_X]!;
      for (let slot = 0; slot < 300; slot++) {
        if (reader.floats[slot * FLOATS + MOUTH_X] !== first || reader.floats[slot * FLOATS + MOUTH_Z] !== first) {
          throw new Error(`half of a batch: ${reader.floats[slot * FLOATS + MOUTH_X]} after ${first}`);
        }
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await worker.terminate();
  t.comment(`${seen} states seen`);
  t.ok(seen > 10);
});
