import { test } from 'tap';
import { type Config, ConfigError, readCommand } from '../../src/config/config.ts';
import { defaultDataDir, thisMachine } from '../../src/config/machine.ts';
import { tlsModeOf } from '../../src/config/tls.ts';

const MACHINE = { cores: 1, ipv6: true, dataDir: '/var/lib/partyline' };
const FILES = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem'];

function configOf(argv: readonly string[], machine = MACHINE): Config {
  const command = readCommand({ argv, env: {}, machine });
  if (command.kind !== 'serve') throw new Error('not a configuration to serve');
  return command.config;
}

function problemsOf(argv: readonly string[], machine: Partial<typeof MACHINE> = MACHINE): readonly string[] {
  try {
    readCommand({ argv, env: {}, machine: { cores: 1, ...machine } });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('with a certificate the page is public, on the HTTPS ports', (t) => {
  const pick = ({ host, port, httpPort }: Config) => ({ host, port, httpPort });
  t.strictSame(pick(configOf([])), { host: '127.0.0.1', port: 8080, httpPort: 0 });
  const domain = ['--domain', 'voice.example.org'];
  t.strictSame(pick(configOf(domain)), { host: '::', port: 443, httpPort: 80 });
  t.equal(configOf(domain, { ...MACHINE, ipv6: false }).host, '0.0.0.0');
  t.strictSame(pick(configOf(FILES)), { host: '::', port: 8443, httpPort: 0 });
  t.strictSame(pick(configOf(['--tls', 'self-signed'])), { host: '::', port: 8443, httpPort: 0 });
  t.strictSame(pick(configOf([...domain, '--host', '192.0.2.1', '--port', '8443', '--http-port', '8080'])), {
    host: '192.0.2.1',
    port: 8443,
    httpPort: 8080,
  });
  t.end();
});

test('the settings decide where the certificate comes from', (t) => {
  t.equal(tlsModeOf(configOf([])), 'off');
  t.equal(tlsModeOf(configOf(['--domain', 'voice.example.org,talk.example.org'])), 'acme');
  t.equal(tlsModeOf(configOf(FILES)), 'files');
  t.equal(tlsModeOf(configOf(['--tls', 'self-signed'])), 'self-signed');
  t.end();
});

test('TLS settings that contradict each other or are incomplete are errors', (t) => {
  const domain = ['--domain', 'voice.example.org'];
  const cases: [readonly string[], RegExp][] = [
    [[...domain, ...FILES], /domain obtains a certificate by itself/],
    [[...domain, '--tls', 'self-signed'], /tls self-signed and domain are alternatives/],
    [['--tls', 'self-signed', ...FILES], /tls self-signed and tls-cert are alternatives/],
    [FILES.slice(0, 2), /tls-cert requires tls-key/],
    [FILES.slice(2), /tls-key requires tls-cert/],
    [['--acme-email', 'ada@example.org'], /acme-email has no effect without domain/],
    [['--acme-directory', 'https://ca.example/directory'], /acme-directory has no effect/],
    [['--acme-ca', 'root.pem'], /acme-ca has no effect/],
    [['--acme-directory', 'http://ca.example/directory', ...domain], /starts with https/],
    [['--domain', 'voice'], /No certificate can be issued/],
    [['--domain', '*.example.org'], /domain cannot be/],
    [['--domain', '192.0.2.1'], /domain cannot be/],
    [[...domain, '--allow-hosts', 'talk.example.org'], /allow-hosts does not include the domain/],
    [[...domain, '--host', '127.0.0.1'], /reachable only from this machine/],
    [['--http-port', '80'], /http-port redirects visitors to HTTPS/],
    [[...domain, '--http-port', '443'], /both 443/],
  ];
  for (const [argv, expected] of cases) {
    const problems = problemsOf(argv);
    t.equal(problems.length, 1, argv.join(' '));
    t.match(problems[0], expected);
  }
  t.strictSame(problemsOf([...domain, '--allow-hosts', 'voice.example.org']), []);
  t.strictSame(problemsOf([...domain, '--host', '127.0.0.1', '--port', '8443', '--http-port', '8080']), []);
  t.match(problemsOf(domain, { dataDir: '' })[0], /data-dir is required/);
  t.end();
});

test('certificates are kept where services keep such files, or in the home directory', (t) => {
  t.equal(
    defaultDataDir({ STATE_DIRECTORY: '/var/lib/partyline:/var/lib/other', HOME: '/root' }),
    '/var/lib/partyline',
  );
  t.equal(defaultDataDir({ XDG_DATA_HOME: '/data', HOME: '/root' }), '/data/partyline');
  t.equal(defaultDataDir({ XDG_DATA_HOME: 'relative', HOME: '/root' }), '/root/.local/share/partyline');
  t.equal(defaultDataDir({}), '');
  t.match(thisMachine({ HOME: '/root' }), { dataDir: '/root/.local/share/partyline', ipv6: Boolean });
  t.end();
});
