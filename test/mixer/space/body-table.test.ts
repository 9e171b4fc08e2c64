import { Worker } from 'node:worker_threads';
import { test } from 'tap';
import * as table from '../../../src/mixer/space/body-table.ts';
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

test('no two properties of a body have the same place, and they all fit', async (t) => {
  const floats = [
    ...[table.MOUTH_X, table.MOUTH_Y, table.MOUTH_Z, table.FACING_X, table.FACING_Y, table.FACING_Z, table.EARS_X],
    ...[table.EARS_Y, table.EARS_Z, table.EARS_SIN, table.EARS_COS, table.RANGE, table.MUFFLE],
  ];
  const words = [table.VOICE, table.PLACED, table.LAYERS, table.HEARS, table.ENCLOSURE, table.EARS_OF, table.JUMPS];
  for (const [places, size] of [
    [floats, FLOATS],
    [words, WORDS],
  ] as const) {
    t.equal(new Set<number>(places).size, places.length);
    t.ok(Math.min(...places) >= 0 && Math.max(...places) < size);
  }
  t.same([table.MOUTH_Y - MOUTH_X, MOUTH_Z - MOUTH_X], [1, 2]);
});

test('the whole table is in use: the last body, and the walls between the last two', async (t) => {
  const memory = createBodyTable();
  const [writer, reader] = [new BodyWriter(memory), new BodyReader(memory)];
  const last = table.MAX_BODIES - 1;
  place(writer, last, 9, 3);
  reader.refresh();
  t.equal(reader.slots, table.MAX_BODIES);
  t.equal(reader.slotOf(9), last);
  t.equal(reader.floats[last * FLOATS + MOUTH_X], 3);
  writer.setPair(last, last, 1);
  writer.setPair(last, 0, 0.5);
  writer.setPair(last - 1, 0, 1);
  writer.setPair(0, last, 1);
  t.equal(reader.pairMuffle(last, last), 1);
  writer.clearPairs(last);
  t.same([reader.pairMuffle(last, last), reader.pairMuffle(last, 0), reader.pairMuffle(0, last)], [0, 0, 0]);
  t.equal(reader.pairMuffle(last - 1, 0), 1, 'others keep theirs');
  writer.setPair(last, 0, 1);
  writer.clearPairs(last - 1);
  t.equal(reader.pairMuffle(last, 0), 1);
});

test('batches in batches count as one, and the writer knows the mode', async (t) => {
  const memory = createBodyTable();
  const [writer, reader] = [new BodyWriter(memory), new BodyReader(memory)];
  t.strictSame([writer.mode, reader.mode], ['on', 'on']);
  writer.begin();
  place(writer, 0, 5, 1);
  writer.setMode('flat');
  t.notOk(reader.refresh());
  writer.end();
  t.ok(reader.refresh());
  t.strictSame([writer.mode, reader.mode, reader.slotOf(5)], ['flat', 'flat', 0]);
  place(writer, 2, 5, 1);
  place(writer, 0, table.NO_VOICE, 1);
  reader.refresh();
  t.equal(reader.slotOf(5), 2);
  t.equal(reader.slotOf(table.NO_VOICE), undefined, 'nobody has no voice');
});

test('a damaged table makes a reader neither throw nor read beyond its end', async (t) => {
  const memory = createBodyTable();
  const [header, reader] = [new Int32Array(memory, 0, 8), new BodyReader(memory)];
  for (const [inUse, slots] of [
    [-5, 0],
    [table.MAX_BODIES + 1, table.MAX_BODIES],
  ] as const) {
    header[0]! += 2;
    header[1] = inUse;
    header[2] = 77;
    t.ok(reader.refresh());
    t.equal(reader.slots, slots);
    t.equal(reader.mode, 'on');
  }
});
