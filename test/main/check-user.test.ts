import { test } from 'tap';
import { defaultConfig } from '../../src/config/config.ts';
import { checkUser } from '../../src/main/check/user.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const CONFIG = { ...defaultConfig({ cores: 1 }), user: 'voice', mediaPort: 40_000 };
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nvoice:x:998:997::/var/lib/voice:/bin/false\n';
const WRITES = { dataDir: '/data', keepState: 'on' } as const;
const clock = new FakeClock();

function check(settings: Partial<typeof CONFIG>, there?: { uid: number; gid: number; mode: number }) {
  const readFile = (path: string) => {
    if (path === '/etc/passwd') return PASSWD;
    throw new Error('ENOENT');
  };
  return checkUser({ config: { ...CONFIG, ...settings }, clock }, { readFile, stat: () => there });
}

test('a user that root cannot become is found before the start', (t) => {
  t.strictSame(check({ user: '' }), []);
  t.match(check({}), [{ name: 'user', status: 'ok', text: 'If root starts the server, it becomes voice.' }]);
  t.match(check({ user: 'nobody' }), [{ status: 'fail', text: /^User nobody: there is no such user/ }]);
  t.match(check({ user: 'root' }), [{ status: 'fail', text: /root itself/ }]);
  t.match(check({ mediaPort: 443 }), [{ status: 'fail', text: /do not fit together/ }]);
  t.end();
});

test('that user must be able to write where the server writes', (t) => {
  const mode = (uid: number, gid: number, bits: number) =>
    check(WRITES, { uid, gid, mode: 0o40_000 | bits }).map(({ status }) => status);
  t.strictSame(mode(998, 1, 0o700), ['ok']);
  t.strictSame(mode(998, 1, 0o577), ['fail'], 'the owner is not one of the others');
  t.strictSame(mode(1, 997, 0o730), ['ok']);
  t.strictSame(mode(1, 997, 0o727), ['fail']);
  t.strictSame(mode(1, 1, 0o773), ['ok']);
  t.strictSame(mode(1, 1, 0o772), ['fail'], 'without x nothing in it can be opened');
  t.strictSame(mode(1, 1, 0o770), ['fail']);
  t.match(check(WRITES, { uid: 0, gid: 0, mode: 0o755 }), [
    { text: /data-dir \/data is not writable.*"chown -R voice \/data"/ },
  ]);
  t.match(check({ recordingDir: '/records' }), [
    { text: /recording-dir \/records does not exist.*"mkdir -p \/records && chown voice \/records"/ },
  ]);
  t.end();
});
