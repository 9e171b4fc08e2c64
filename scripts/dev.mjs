// Builds, runs the server with the given flags, and does both again whenever a source file changes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** An editor writes a file in several steps. */
const SETTLE_MS = 80;

let server;
let timer;
let running = Promise.resolve();

async function stop() {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
}

async function restart() {
  const start = performance.now();
  try {
    await buildAll();
  } catch {
    // esbuild has printed the errors. The running server continues.
    return;
  }
  console.log(`built in ${Math.round(performance.now() - start)} ms`);
  await stop();
  server = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist/main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    running = running.then(restart);
  }, SETTLE_MS);
}

for (const folder of ['src', 'web']) watch(join(ROOT, folder), { recursive: true }, changed);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    await stop();
    process.exit(0);
  });
}
running = restart();
