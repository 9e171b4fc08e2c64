import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { defaultConfig } from '../../src/config/config.ts';
import { becomeUser, type ProcessUser, processUser, type UserSystem } from '../../src/main/process-user.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const CONFIG = { ...defaultConfig({ cores: 1 }), user: 'voice', mediaPort: 40_000 };
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\n\nvoice:x:998:997::/var/lib/voice:/bin/false\nbad:x:a:b\ntoor:x:0:0\n';
const WRITES = { dataDir: '/data', recordingDir: '/records', keepState: 'on' } as const;
const VOICE: ProcessUser = { name: 'voice', uid: 998, gid: 997 };

function fake({ uid = 0, lowestPort = '1024\n', staysRoot = false, locked = '' } = {}) {
  const log: string[] = [];
  let now = uid;
  const system: UserSystem = {
    readFile: (path) => {
      if (path === '/etc/passwd') return PASSWD;
      if (lowestPort === '') throw new Error('ENOENT');
      return lowestPort;
    },
    checkWritable: (path) => {
      log.push(`write ${path} as ${now}`);
      if (path === locked) throw Object.assign(new Error('no'), { code: 'EACCES' });
    },
    getuid: () => now,
    initgroups: (name, gid) => void log.push(`groups of ${name} ${gid}`),
    setgid: (gid) => void log.push(`group ${gid}`),
    setuid: (to) => {
      if (now !== 0 && to === 0 && !staysRoot) throw new Error('EPERM');
      now = to;
      log.push(`user ${to}`);
    },
  };
  return { system, log };
}

test('the user is found by name or number, and is not root', (t) => {
  const { system } = fake();
  for (const user of ['voice', '998']) t.same(processUser({ ...CONFIG, user }, system), VOICE);
  t.equal(processUser({ ...CONFIG, user: '' }, system), undefined);
  for (const user of ['nobody', 'bad', 'a', 'x'])
    t.throws(() => processUser({ ...CONFIG, user }, system), { message: /no such user/, isSettingsError: true });
  for (const user of ['root', '0', 'toor']) t.throws(() => processUser({ ...CONFIG, user }, system), /root itself/);
  t.equal(processUser(CONFIG, fake({ uid: 998 }).system), undefined, 'it is this user already');
  t.throws(() => processUser(CONFIG, fake({ uid: 5 }).system), /only root can become another user/);
  t.end();
});

test('a media port that only root may open could not be opened again', (t) => {
  const at = (mediaPort: number, lowestPort?: string) =>
    processUser({ ...CONFIG, mediaPort }, fake(lowestPort === undefined ? {} : { lowestPort }).system);
  t.throws(() => at(443), /from 1024 on/);
  t.throws(() => at(443, ''), /from 1024 on/);
  t.throws(() => at(79, '80\n'), /from 80 on/);
  t.same([at(0), at(1024), at(443, '80\n')], [VOICE, VOICE, VOICE]);
  t.end();
});

test('groups are left before the user, and where the server writes is looked at as that user', (t) => {
  const { system, log } = fake();
  becomeUser(VOICE, { ...CONFIG, ...WRITES }, system);
  t.same(log, ['groups of voice 997', 'group 997', 'user 998', 'write /data as 998', 'write /records as 998']);
  for (const locked of ['/data', '/records'])
    t.throws(() => becomeUser(VOICE, { ...CONFIG, ...WRITES }, fake({ locked }).system), {
      message: new RegExp(
        `-dir ${locked} is not writable for user voice \\(EACCES\\)\\. Run "chown -R voice ${locked}"`,
      ),
      isSettingsError: true,
    });
  for (const [changes, writes] of [
    [{ keepState: 'off' }, 1],
    [{ keepState: 'off', tls: 'self-signed' }, 2],
    [{ keepState: 'off', domain: ['voice.example.org'] }, 2],
    [{ recordingDir: '' }, 1],
  ] as const) {
    const one = fake();
    becomeUser(VOICE, { ...CONFIG, ...WRITES, ...changes }, one.system);
    t.equal(one.log.filter((line) => line.startsWith('write')).length, writes, 'only where it writes');
  }
  t.throws(() => becomeUser(VOICE, CONFIG, fake({ staysRoot: true }).system), /could become root again/);
  t.end();
});

const ONLY_ROOT = process.getuid?.() === 0 ? false : 'only root can become another user';

test('a server that root has started is another user with all its threads', { skip: ONLY_ROOT }, async (t) => {
  const flags = [
    '--host',
    '127.9.8.7',
    '--port',
    '443',
    '--media-host',
    '127.0.0.1',
    '--workers',
    '2',
    '--user',
    'nobody',
  ];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const threads = readdirSync(`/proc/${server.pid}/task`).map((id) =>
    readFileSync(`/proc/${server.pid}/task/${id}/status`, 'utf8'),
  );
  t.ok(threads.length > 6, 'with those of the workers');
  const numbersOf = (name: string, status: string) => new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(status)?.[1];
  for (const status of threads) {
    t.match(numbersOf('Uid', status), /^(\d{2,})\t\1\t\1\t\1$/);
    t.match(numbersOf('Gid', status), /^(\d{2,})\t\1\t\1\t\1$/);
    t.notMatch(numbersOf('Groups', status), /(^| )0( |$)/);
    t.equal(numbersOf('CapEff', status), '0000000000000000');
  }
  t.equal((await fetch(`${server.url}healthz`)).status, 200, 'at a port that only root may open');
  t.match(server.output(), /root given up/);
});
