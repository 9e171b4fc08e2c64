import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { type Config, ConfigError, defaultConfig, readCommand } from '../../src/config/config.ts';
import { thisMachine } from '../../src/config/machine.ts';
import { flagName, SETTING_KEYS, settingOf } from '../../src/config/settings.ts';

const MACHINE = { cores: 4 };

function configFrom({ argv = [] as string[], env = {} as Record<string, string> } = {}): Config {
  const command = readCommand({ argv, env, machine: MACHINE });
  if (command.kind !== 'serve') throw new Error(`a command to serve was expected, not ${command.kind}`);
  return command.config;
}

function problemsFrom(input: { argv?: string[]; env?: Record<string, string> }): readonly string[] {
  try {
    configFrom(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('a ConfigError was expected');
}

test('without any input, every setting has its default', (t) => {
  const config = configFrom();
  t.strictSame(config, defaultConfig(MACHINE));
  t.match(config, { host: '127.0.0.1', port: 8080, mediaPort: 40000, workers: 3, maxMessageBytes: 65536 });
  t.equal(defaultConfig({ cores: 1 }).workers, 1);
  t.end();
});

test('a flag takes precedence over a variable, a variable over the file, the file over the default', (t) => {
  const file = join(t.testdir(), 'partyline.toml');
  writeFileSync(file, 'port = 1\nmedia-port = 40001\nworkers = 1\nmedia-host = ["::1"]\n');
  const env = { PARTYLINE_PORT: '2', PARTYLINE_MEDIA_PORT: '40002', PARTYLINE_CONFIG: file };
  const config = configFrom({ argv: ['--port', '3'], env });
  t.match(config, { port: 3, mediaPort: 40002, workers: 1, mediaHost: ['::1'], host: '127.0.0.1' });
  t.end();
});

test('the file in the flag --config is read instead of the one in the variable', (t) => {
  const directory = t.testdir({ 'a.toml': 'port = 1', 'b.toml': 'port = 2' });
  const config = configFrom({
    argv: [`--config=${join(directory, 'b.toml')}`],
    env: { PARTYLINE_CONFIG: join(directory, 'a.toml') },
  });
  t.equal(config.port, 2);
  t.end();
});

test('a list is separated by commas in a flag or variable, and repeated flags add to it', (t) => {
  t.strictSame(configFrom({ env: { PARTYLINE_ANNOUNCE: '203.0.113.7, 2001:db8::1' } }).announce, [
    '203.0.113.7',
    '2001:db8::1',
  ]);
  t.strictSame(configFrom({ argv: ['--media-host', '127.0.0.1', '--media-host', '::1'] }).mediaHost, [
    '127.0.0.1',
    '::1',
  ]);
  t.end();
});

test('announced endpoints may be addresses and host names, with ports that fit the workers', (t) => {
  const announce = ['203.0.113.7:50000', '[2001:db8::7]:50000', 'voice.example.org', 'voice.example.org:65535'];
  t.strictSame(configFrom({ argv: ['--workers', '1', '--announce', announce.join(',')] }).announce, announce);
  t.match(problemsFrom({ argv: ['--workers', '2', '--announce', announce.join(',')] }), [
    'announce voice.example.org:65535 and workers 2 do not fit together: the last worker would use a port above 65535.',
  ]);
  t.end();
});

test('the PROXY protocol is only read from named proxies', (t) => {
  t.match(problemsFrom({ argv: ['--proxy-protocol', 'on'] }), [/^proxy-protocol needs trust-proxy/]);
  const argv = ['--proxy-protocol', 'on', '--trust-proxy', '10.0.0.0/8'];
  t.equal(configFrom({ argv }).proxyProtocol, 'on');
  t.end();
});

test('an empty variable counts as not set, and other variables are ignored', (t) => {
  t.strictSame(configFrom({ env: { PARTYLINE_PORT: '', HOME: '/root' } }), defaultConfig(MACHINE));
  t.end();
});

test('neither the configuration nor its lists can be changed', (t) => {
  const config = configFrom({ argv: ['--announce', '192.0.2.1'] });
  t.throws(() => Object.assign(config, { port: 1 }), TypeError);
  t.throws(() => (config.announce as string[]).push('x'), TypeError);
  t.end();
});

test('a wrong value is reported with its key, the value, its source and what is allowed', (t) => {
  const file = join(t.testdir(), 'partyline.toml');
  writeFileSync(file, 'workers = "many"\nhost = 7\n');
  const problems = problemsFrom({
    argv: ['--port', '70000', '--log-level=loud', '--config', file],
    env: { PARTYLINE_ANNOUNCE: '192.0.2.300' },
  });
  t.equal(problems.length, 5);
  const said = problems.join('\n');
  t.match(said, 'port cannot be 70000 (from the flag --port); expected an integer from 0 to 65535.');
  t.match(said, /log-level cannot be "loud" \(from the flag --log-level\); expected one of fatal, error, warn/);
  t.match(said, /announce cannot be \["192.0.2.300"\] \(from the variable PARTYLINE_ANNOUNCE\); .*IP addresses/);
  t.match(said, `workers cannot be "many" (from ${file}); expected an integer`);
  t.match(said, `host cannot be 7 (from ${file}); expected an IP address or a host name.`);
  t.end();
});

test('an unknown flag, variable or key is an error that suggests the nearest one', (t) => {
  const file = join(t.testdir(), 'partyline.toml');
  writeFileSync(file, 'medai-port = 1\n[http]\nport = 1\n');
  const problems = problemsFrom({ argv: ['--prot', '80', '--config', file], env: { PARTYLINE_WORKER: '1' } });
  t.strictSame(problems, [
    'Unknown flag --prot; did you mean --port?',
    'Unknown variable PARTYLINE_WORKER; did you mean PARTYLINE_WORKERS?',
    `Unknown key medai-port in ${file}; did you mean media-port?`,
    `Unknown key http in ${file}; see --help.`,
  ]);
  t.end();
});

test('a flag without a value and a stray word are errors', (t) => {
  t.strictSame(problemsFrom({ argv: ['--port'] }), ['--port requires a value.']);
  t.match(problemsFrom({ argv: ['8080'] })[0], /Unexpected argument "8080"/);
  t.end();
});

test('a file that is not TOML is reported with line and column, a missing file by name', (t) => {
  const file = join(t.testdir(), 'partyline.toml');
  writeFileSync(file, 'port = 1\nhost = 127.0.0.1\n');
  t.match(problemsFrom({ argv: ['--config', file] })[0], `${file}, line 2, column`);
  t.match(problemsFrom({ argv: ['--config', `${file}.gone`] })[0], /cannot be read: ENOENT/);
  t.end();
});

test('media ports beyond the highest port number are an error', (t) => {
  t.match(
    problemsFrom({ argv: ['--media-port', '65535', '--workers', '2'] })[0],
    /the last worker would use port 65536/,
  );
  t.equal(configFrom({ argv: ['--media-port', '65534', '--workers', '2'] }).mediaPort, 65534);
  t.end();
});

test('hosts and origins are checked', (t) => {
  for (const host of ['0.0.0.0', '::', 'localhost', 'voice.example.org']) {
    t.equal(configFrom({ argv: ['--host', host] }).host, host);
  }
  for (const host of ['256.1.1.1', '--port', 'a b', 'http://x', '']) {
    t.equal(problemsFrom({ argv: [`--host=${host}`] }).length, 1, host);
  }
  t.strictSame(configFrom({ argv: ['--allow-origins', 'https://a.example,*'] }).allowOrigins, [
    'https://a.example',
    '*',
  ]);
  t.equal(problemsFrom({ argv: ['--allow-origins', 'https://a.example/path'] }).length, 1);
  const apps = ['capacitor://localhost', 'chrome-extension://abc', 'https://*.a.example', 'null'];
  t.strictSame(configFrom({ argv: ['--allow-origins', apps.join(',')] }).allowOrigins, apps);
  t.match(problemsFrom({ argv: ['--allow-origins', 'https://a.*.example'] }), [
    /https:\/\/\*\.example\.org for all names/,
  ]);
  t.strictSame(configFrom({ argv: ['--frame-ancestors', 'https://*.a.example'] }).frameAncestors, [apps[2]]);
  t.equal(problemsFrom({ argv: ['--frame-ancestors', 'null'] }).length, 1, 'a policy cannot name it');
  t.end();
});

test('help and version are answered whatever else is given', (t) => {
  const help = readCommand({ argv: ['--help', '--port', 'x'], env: {}, machine: MACHINE });
  t.equal(help.kind, 'help');
  t.equal(readCommand({ argv: ['--version'], env: { PARTYLINE_PORT: 'x' }, machine: MACHINE }).kind, 'version');
  t.end();
});

test('with https one port number is enough, unless others are given', (t) => {
  const own = ['--tls-cert', 'c.pem', '--tls-key', 'k.pem'];
  t.match(configFrom({ argv: own }), { port: 8443, mediaPort: 8443, workers: 1 });
  const domain = ['--domain', 'voice.example.org', '--data-dir', '/tmp/none'];
  t.match(configFrom({ argv: domain }), { port: 443, mediaPort: 443, workers: 1 });
  t.match(
    configFrom({ argv: [...own, '--port', '443'] }),
    { port: 443, mediaPort: 40_000, workers: 3 },
    'the address may be private',
  );
  t.match(configFrom({ argv: [...own, '--workers', '3'] }), { mediaPort: 8443, workers: 3 });
  t.match(configFrom({ argv: [...own, '--media-port', '40000'] }), { port: 8443, mediaPort: 40_000, workers: 3 });
  t.match(configFrom({ argv: [...own, '--port', '0'] }), { port: 0, mediaPort: 0, workers: 3 });
  t.match(configFrom({ argv: ['--media-port', '8080'] }), { port: 8080, mediaPort: 8080, workers: 1 });
  t.end();
});

test('port numbers that browsers refuse for media are rejected', (t) => {
  t.match(problemsFrom({ argv: ['--media-port', '443', '--workers', '2'] }), [
    'port 444 would be used by worker 2, because browsers accept no media port below 1024 except 80 and 443: set workers to 1, or media-port to 1024 or higher.',
  ]);
  t.match(problemsFrom({ argv: ['--media-port', '500'] }), [
    'port 500 cannot be used for media, because browsers accept no media port below 1024 except 80 and 443: choose 443, or a port from 1024 on.',
  ]);
  t.match(problemsFrom({ argv: ['--announce', '203.0.113.7:443', '--workers', '2'] }), [/^port 444/]);
  const inside = ['--media-port', '500', '--workers', '1', '--announce', '203.0.113.7:443'];
  t.match(configFrom({ argv: inside }), { mediaPort: 500 }, 'the internal port may have any number');
  t.match(configFrom({ argv: ['--media-port', '443', '--workers', '1'] }), { mediaPort: 443 });
  t.end();
});

test('in the file, a list may be a single text, and a switch may be true or false', (t) => {
  const file = join(t.testdir(), 'partyline.toml');
  const fromToml = (toml: string) => {
    writeFileSync(file, toml);
    return configFrom({ argv: ['--config', file] });
  };
  const items: Partial<Record<keyof Config, readonly string[]>> = {
    mediaHost: ['127.0.0.1', '::1'],
    trustProxy: ['10.0.0.0/8', '::1'],
    domain: ['voice.example.org', 'talk.example.org'],
    allowHosts: ['voice.example.org', 'talk.example.org'],
    forwardTargets: ['icecast.example.org:8000', '192.0.2.1'],
    rtpTargets: ['192.0.2.1:5004', 'radio.example.org'],
    announce: ['203.0.113.7:50000', 'voice.example.org'],
    allowOrigins: ['https://a.example', '*'],
    frameAncestors: ['https://a.example', 'https://b.example'],
    mumbleRooms: ['Lobby', 'Games/Go'],
    mumbleUpstreamRooms: ['Lobby=Root/Games', 'Games'],
    mumbleUpstreamCertificate: ['ab'.repeat(32), 'AB:'.repeat(32).slice(0, -1)],
    teams: ['red', 'blue'],
    turnUrls: ['turn:turn.example.org?transport=udp', 'turn:turn.example.org'],
    moderators: ['ada', 'mumble:ab12'],
    oidcRooms: ['Lobby=members', '*=staff'],
    oidcModerators: ['staff', 'owners'],
    keptRooms: ['Lobby=Everyone starts here', 'Games/Go'],
    webhookUrls: ['https://example.org/hook', 'http://127.0.0.1:9/'],
  };
  const needed = 'data-dir = "/tmp/none"\nwebhook-secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"\n';
  const lists = SETTING_KEYS.filter((key) => Array.isArray(settingOf(key).default));
  t.strictSame([...lists].sort(), Object.keys(items).sort(), 'this covers all lists');
  for (const key of lists) {
    const [one = '', other] = items[key] ?? [];
    const more = key === 'turnUrls' ? `${needed}turn-secret = "0123456789abcdef"\n` : needed;
    t.strictSame(fromToml(`${more}${flagName(key)} = "${one}"`)[key], [one], key);
    t.strictSame(fromToml(`${more}${flagName(key)} = "${one}, ${other}"`)[key], [one, other], key);
    t.strictSame(fromToml(`${more}${flagName(key)} = ["${one}", "${other}"]`)[key], [one, other], key);
  }
  const switches = SETTING_KEYS.filter((key) => settingOf(key).kind.placeholder === 'on|off');
  t.ok(switches.length >= 3);
  for (const key of switches) {
    for (const [is, word] of [
      [true, 'on'],
      [false, 'off'],
    ] as const) {
      const more = key === 'proxyProtocol' ? `${needed}trust-proxy = "::1"\n` : needed;
      t.equal(fromToml(`${more}${flagName(key)} = ${is}`)[key], word, key);
      t.equal(fromToml(`${more}${flagName(key)} = "${word}"`)[key], word, key);
      const others = ['--data-dir', '/tmp/none', '--trust-proxy', '::1'];
      t.equal(configFrom({ argv: [`--${flagName(key)}`, String(is), ...others] })[key], word, key);
    }
    writeFileSync(file, `${flagName(key)} = 1\n`);
    t.match(problemsFrom({ argv: ['--config', file] }), [/cannot be 1 .* one of on, off, true, false\./]);
  }
  t.strictSame(fromToml('room-passwords = "vault=a=b, safe=c"').roomPasswords, { vault: 'a=b', safe: 'c' });
  t.strictSame(fromToml('registered-names = "a=b==Ada, mumble:c=Bo"').registeredNames, {
    'a=b=': 'Ada',
    'mumble:c': 'Bo',
  });
  t.strictSame(fromToml('[registered-names]\n"a=b" = "A, B"').registeredNames, { 'a=b': 'A, B' });
  for (const wrong of ['Ada', 'a=', 'a=Ada,a=Bo'])
    t.match(problemsFrom({ argv: ['--registered-names', wrong] }), [/expected IDENTITY=NAME/]);
  t.strictSame(fromToml('moderators = ["a, b"]').moderators, ['a, b']);
  t.end();
});

test('what is kept needs a directory, and is kept without being asked where a service manager provides one', (t) => {
  t.match(problemsFrom({ argv: ['--keep-state', 'on'] }), ['keep-state requires data-dir.']);
  t.equal(configFrom({ argv: ['--data-dir', '/tmp/none'] }).keepState, 'off');
  const at = (env: Record<string, string>) => defaultConfig(thisMachine(env)).keepState;
  t.equal(at({ STATE_DIRECTORY: '/var/lib/partyline' }), 'on');
  t.equal(at({ STATE_DIRECTORY: '', HOME: '/home/ada' }), 'off');
  t.end();
});
