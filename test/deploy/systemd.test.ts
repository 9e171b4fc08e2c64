import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const UNIT = fileURLToPath(new URL('../../deploy/systemd/partyline.service', import.meta.url));
const CREDENTIALS = fileURLToPath(new URL('../../deploy/systemd/credentials.conf', import.meta.url));
/** systemd's own scale, from 0 (best) to 10. Below 3 it says "OK". */
const MAX_EXPOSURE = 2;

const unit = readFileSync(UNIT, 'utf8');

function analyze(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', argv, {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_PAGER: '', SYSTEMD_COLORS: '0' },
  });
  return { status, output: `${stdout}${stderr}` };
}

/** Returns all values of a key. */
function valuesOf(key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!);
}

/** The system calls in a group of systemd, including nested groups. */
function systemCallsOf(group: string): string[] {
  const lines = analyze('syscall-filter', group).output.split('\n').slice(1);
  const names = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  return names.flatMap((name) => (name.startsWith('@') ? systemCallsOf(name) : [name]));
}

function allowedSystemCalls(): Set<string> {
  const allowed = new Set<string>();
  for (const filter of valuesOf('SystemCallFilter')) {
    const groups = filter.replace(/^~/, '').split(' ');
    for (const call of groups.flatMap(systemCallsOf)) {
      if (filter.startsWith('~')) allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}

const missingSystemd = missingPackages(['systemd']);

test('systemd accepts the unit and its credentials', { skip: skipIfMissing(missingSystemd) }, async (t) => {
  // The executable is not installed on this machine.
  const text = unit.replaceAll('/usr/local/bin/partyline', process.execPath);
  t.not(text, unit);
  const directory = t.testdir({ 'partyline.service': text, 'partyline.service.d': {} });
  writeFileSync(join(directory, 'partyline.service.d/credentials.conf'), readFileSync(CREDENTIALS, 'utf8'));
  const { status, output } = analyze('verify', join(directory, 'partyline.service'));
  t.equal(status, 0, output);
  t.equal(output, '');
});

test('the service has little exposure', { skip: skipIfMissing(missingSystemd) }, async (t) => {
  const { status, output } = analyze('security', '--offline=true', `--threshold=${MAX_EXPOSURE * 10}`, UNIT);
  t.equal(status, 0, status === 0 ? 'below the threshold' : output);
  t.comment(output.trim().split('\n').at(-1));
});

test("the supervisor waits longer than the server's grace time", async (t) => {
  const [seconds] = valuesOf('TimeoutStopSec');
  const sample = readFileSync(new URL('../../config.sample.toml', import.meta.url), 'utf8');
  const [, graceMs] = /^#shutdown-grace-ms = (\d+)$/m.exec(sample) ?? [];
  t.ok(Number(seconds) * 1000 > Number(graceMs), `${seconds} s, ${graceMs} ms`);
});

test('a working server makes no system call that the unit forbids', {
  skip: skipIfMissing(missingSystemd ?? missingPackages(['strace'])),
}, async (t) => {
  const directory = t.testdir({ traces: {} });
  // As a daemon, strace is not the parent of the server, so that signals are not affected.
  const trace = ['strace', '--daemonize', '--follow-forks', '--output-separately', '--quiet=all', '--signal=none'];
  const server = await startServerProcess(
    BUILT_SERVER,
    ['--media-host', '127.0.0.1', '--workers', '1'],
    [...trace, '--output', join(directory, 'traces/of')],
  );
  const webSocket = `${server.url.replace('http', 'ws')}ws`;
  const people = await Promise.all(
    ['Ada', 'Ben'].map((name) => WeriftParticipant.join({ url: webSocket, room: 'lobby', name })),
  );
  for (const person of people) person.say(toneSound(440));
  await fetch(server.url);
  await fetch(`${server.url}metrics`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const person of people) await person.leave();
  await server.stop();

  const traces = readdirSync(join(directory, 'traces')).map((name) =>
    readFileSync(join(directory, 'traces', name), 'utf8'),
  );
  const called = new Set(traces.flatMap((lines) => [...lines.matchAll(/^(\w+)\(/gm)].map(([, call]) => call!)));
  t.ok(called.has('epoll_wait') || called.has('epoll_pwait'), 'it was traced');
  t.ok(called.has('sendmsg') || called.has('sendmmsg'), 'it sent media');
  const allowed = allowedSystemCalls();
  t.ok(allowed.has('epoll_wait') && !allowed.has('setuid'));
  t.same(
    [...called].filter((call) => !allowed.has(call)),
    [],
  );
});
