import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { Converter } from '../../../src/gateways/players/converter.ts';
import { SoundFile } from '../../../src/gateways/players/sound-file.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const run = promisify(execFile);
const skip = skipIfMissing(missingPackages(['ffmpeg']));

test('ffmpeg makes Ogg Opus of other files, once, and it is forgotten at the end', { skip }, async (t) => {
  const directory = t.testdir();
  const wav = join(directory, 'a.wav');
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=700:duration=2', wav]);
  const converter = new Converter({ clock: systemClock });
  const [first, second] = await Promise.all([converter.convert(wav), converter.convert(wav)]);
  t.equal(first, second);
  const file = await SoundFile.open(first);
  let packets = 0;
  for await (const _ of file!.packets()) packets++;
  t.ok(packets >= 100 && packets <= 102, `${packets}`);
  await file!.close();
  await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=frequency=700:duration=1', wav]);
  t.not(await converter.convert(wav), first, 'another file by now');
  await converter.close();
  t.notOk(existsSync(dirname(first)));
});

test('what has no sound, or names other files, is refused', { skip }, async (t) => {
  const directory = t.testdir();
  const converter = new Converter({ clock: systemClock });
  t.teardown(() => converter.close());
  const target = join(directory, 'secret.wav');
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=duration=1', target]);
  for (const [name, content] of [
    ['text.mp3', 'only a text'],
    ['list.m3u8', `#EXTM3U\n#EXTINF:1,\n${target}\n#EXT-X-ENDLIST\n`],
    ['list.ffconcat', `ffconcat version 1.0\nfile secret.wav\n`],
  ] as const) {
    const path = join(directory, name);
    await writeFile(path, content);
    await t.rejects(converter.convert(path), { code: 'unsupported_media' }, name);
  }
  await t.rejects(converter.convert(join(directory, 'none.mp3')));
});

test('without ffmpeg, or with one that hangs, nothing can be converted', async (t) => {
  const directory = t.testdir();
  const path = join(directory, 'a.wav');
  await writeFile(path, 'x');
  const without = new Converter({ clock: new FakeClock(), program: join(directory, 'none') });
  await t.rejects(without.convert(path), { code: 'unsupported_media' });
  await t.rejects(without.convert(path), { code: 'unsupported_media' }, 'it may be installed later');
  await without.close();
  const program = join(directory, 'hangs');
  const other = join(directory, 'b.wav');
  await writeFile(other, 'y');
  await writeFile(program, '#!/bin/sh\nexec sleep 1000\n');
  await chmod(program, 0o755);
  const clock = new FakeClock();
  const hanging = new Converter({ clock, program });
  const failed = hanging.convert(path).then(
    () => 'made',
    (error: { code: string }) => error.code,
  );
  await eventually(() => clock.pendingTimers === 1 || 'it has not begun');
  await t.rejects(hanging.convert(other), { code: 'server_busy' });
  clock.advance(120_000);
  t.equal(await failed, 'unsupported_media');
  await hanging.close();
});

test('the program does not outlive the server', async (t) => {
  const directory = t.testdir();
  const path = join(directory, 'a.wav');
  await writeFile(path, 'x');
  const program = join(directory, 'hangs');
  const pidFile = join(directory, 'pid');
  await writeFile(
    program,
    `#!/bin/sh\necho $$ > "${pidFile}.new" && mv "${pidFile}.new" "${pidFile}"\nexec sleep 1000\n`,
  );
  await chmod(program, 0o755);
  const clock = new FakeClock();
  const converter = new Converter({ clock, program });
  const failed = converter.convert(path).then(
    () => 'made',
    (error: { code: string }) => error.code,
  );
  await eventually(() => existsSync(pidFile) || 'it has not begun');
  const pid = Number(await readFile(pidFile, 'utf8'));
  await converter.close();
  t.equal(await failed, 'unsupported_media');
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  t.equal(clock.pendingTimers, 0);
  await t.rejects(converter.convert(path), { code: 'server_closing' });
});
