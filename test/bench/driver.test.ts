import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'tap';
import { Driver } from '../../bench/lib/driver.ts';

test('a load client that has ended answers nothing, and the benchmark is told so', async (t) => {
  const entry = join(t.testdir(), 'client.mjs');
  await writeFile(entry, `process.once('message', () => process.exit(3));`);
  const driver = new Driver(pathToFileURL(entry));
  await t.rejects(driver.ask({ type: 'leave' } as never), { message: 'the load client ended with code 3' });
  await t.rejects(driver.ask({ type: 'leave' } as never), { message: 'the load client has ended' });
  driver.close();
});
