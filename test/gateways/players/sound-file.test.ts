import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { SoundFile } from '../../../src/gateways/players/sound-file.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { oggOf } from '../../helpers/sound-file.ts';

test('the packets of a file come out as they are in it, as often as wanted', async (t) => {
  const packets = Array.from({ length: 3000 }, (_, n) => Buffer.concat([payloadOf(n), Buffer.alloc(60)]));
  const path = join(t.testdir(), 'a.opus');
  await writeFile(path, oggOf(packets));
  const file = await SoundFile.open(path);
  t.equal(file?.gainDb, 0);
  for (let round = 0; round < 2; round++) {
    const found = [];
    for await (const packet of file!.packets()) found.push(Buffer.from(packet));
    t.ok(Buffer.concat(found).equals(Buffer.concat(packets)));
  }
  await file!.close();
});

test('the gain in the header counts, within bounds', async (t) => {
  for (const [inHeaderDb, gainDb] of [
    [-3, -3],
    [20, 20],
    [127, 20],
    [-128, -20],
  ] as const) {
    const path = join(t.testdir(), 'a.opus');
    await writeFile(path, oggOf([payloadOf(1)], inHeaderDb * 256));
    const file = await SoundFile.open(path);
    t.equal(file?.gainDb, gainDb);
    await file!.close();
  }
});

test('what has no Opus in it is told from what has', async (t) => {
  const whole = oggOf([payloadOf(1), payloadOf(2)]);
  const vorbis = Buffer.from(whole);
  vorbis.write('OggVorbi', whole.indexOf('OpusHead'), 'latin1');
  const cases = { empty: Buffer.alloc(0), text: Buffer.from('Just a text'), silent: oggOf([]), vorbis };
  for (const [name, bytes] of Object.entries(cases)) {
    const path = join(t.testdir(), name);
    await writeFile(path, bytes);
    t.equal(await SoundFile.open(path), null, name);
  }
  await t.rejects(SoundFile.open(join(t.testdir(), 'none')));
});
