import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { type Config, ConfigError, readCommand } from '../../src/config/config.ts';

const SECRET = 'a secret that is long enough to sign with';

function configFrom(argv: readonly string[], env: Record<string, string> = {}): Config {
  const command = readCommand({ argv, env, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error(`a command to serve was expected, not ${command.kind}`);
  return command.config;
}

function problemsFrom(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  try {
    configFrom(argv, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('a ConfigError was expected');
}

test('a secret can be in a file, whose leading and trailing white space is ignored', (t) => {
  const file = join(t.testdir({ secret: `${SECRET}\r\n` }), 'secret');
  t.equal(configFrom(['--token-secret-file', file]).tokenSecret, SECRET);
  t.equal(configFrom([], { PARTYLINE_TOKEN_SECRET_FILE: file }).tokenSecret, SECRET);
  t.equal(configFrom([], { PARTYLINE_TOKEN_SECRET: SECRET }).tokenSecret, SECRET);
  t.equal(configFrom([]).tokenSecret, '');
  t.end();
});

test('a secret that is missing, too short or given twice is an error that does not show it', (t) => {
  const directory = t.testdir({ short: 'my-short-secret', empty: ' \n', good: SECRET });
  const short = join(directory, 'short');
  t.strictSame(problemsFrom(['--token-secret-file', short]), [
    `The file ${short} does not contain a secret of at least 32 bytes.`,
  ]);
  t.match(problemsFrom(['--token-secret-file', join(directory, 'empty')]), [/does not contain a secret/]);
  t.match(problemsFrom(['--token-secret-file', join(directory, 'gone')]), [/cannot be read: ENOENT/]);
  t.match(problemsFrom(['--token-secret-file', join(directory, 'good'), '--token-secret', SECRET]), [/both set/]);
  t.strictSame(problemsFrom(['--token-secret', 'my-short-secret']), [
    'token-secret cannot be the given value (from the flag --token-secret); expected a secret of at least 32 bytes.',
  ]);
  t.strictSame(problemsFrom(['--access', 'token']), ['access token requires token-secret or token-secret-file.']);
  t.equal(configFrom(['--access', 'token', '--token-secret', SECRET]).access, 'token');
  t.end();
});

test('passwords of rooms are a table in the file, and a list elsewhere', (t) => {
  const file = join(t.testdir(), 'partyline.toml');
  writeFileSync(file, '[room-passwords]\nvault = "open = sesame, please"\n"café" = "x"\n');
  t.strictSame(configFrom(['--config', file]).roomPasswords, { vault: 'open = sesame, please', café: 'x' });
  t.strictSame(configFrom(['--room-passwords', 'vault=a=b, safe=c']).roomPasswords, { vault: 'a=b', safe: 'c' });
  t.strictSame(configFrom([]).roomPasswords, {});
  for (const wrong of ['vault', 'vault=', '=', 'vault=x,safe'])
    t.equal(problemsFrom(['--room-passwords', wrong]).length, 1, wrong);
  t.notMatch(problemsFrom(['--room-passwords', 'vault']).join(), 'vault');
  writeFileSync(file, '[room-passwords]\nvault = 7\n');
  t.match(problemsFrom(['--config', file]), [/^room-passwords cannot be the given value \(from/]);
  t.end();
});

test('an admin token can be sent in a header', (t) => {
  const good = 'QmFzZTY0+/-._~token==';
  t.equal(configFrom(['--admin-token', good]).adminToken, good);
  for (const wrong of ['short', 'with spaces in between them', 'Überlange-Geheimnisse', '==================='])
    t.match(
      problemsFrom(['--admin-token', wrong]),
      [/^admin-token cannot be the given value .*openssl rand -hex 24/],
      wrong,
    );
  t.end();
});

test('webhooks need addresses and a secret, which messages do not show', (t) => {
  const secret = Buffer.alloc(24, 1).toString('base64');
  const url = 'https://example.org/hook?key=hidden';
  const config = configFrom(['--webhook-urls', `${url},http://127.0.0.1:9/`, '--webhook-secret', `whsec_${secret}`]);
  t.same(config.webhookUrls, [url, 'http://127.0.0.1:9/']);
  t.same(problemsFrom(['--webhook-urls', url]), ['webhook-urls requires webhook-secret or webhook-secret-file.']);
  for (const wrong of [
    'ftp://example.org/',
    'example.org',
    'https://user:hidden@example.org/',
    'https://example.org/#hidden',
  ]) {
    const [problem, ...others] = problemsFrom(['--webhook-urls', wrong, '--webhook-secret', secret]);
    t.match(problem, /^webhook-urls cannot be the given value/, wrong);
    t.notMatch(problem, /hidden/);
    t.same(others, []);
  }
  t.match(problemsFrom(['--webhook-urls', url, '--webhook-secret', 'not-base64-enough']), [/openssl rand -base64 32/]);
  t.end();
});

test('a warning names files with secrets that every user of the machine can read or change', (t) => {
  const files = [
    'token-secret',
    'admin-token',
    'webhook-secret',
    'turn-secret',
    'turn-password',
    'recording-s3-secret',
  ];
  const directory = t.testdir({ secret: 'QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmF=', 'partyline.toml': '' });
  const file = join(directory, 'secret');
  const warnings = (argv: readonly string[]) => {
    const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
    return command.kind === 'serve' ? command.warnings : [];
  };
  const turn = ['--turn-urls', 'turn:turn.example.org'];
  const flags = new Map<string, readonly string[]>([
    ...files.map((name) => [name, [`--${name}-file`, file]] as const),
    ['turn-secret', [...turn, '--turn-secret-file', file]],
    ['turn-password', [...turn, '--turn-username', 'ada', '--turn-password-file', file]],
    ['tls-key', ['--tls-cert', 'cert.pem', '--tls-key', file]],
  ]);
  for (const [name, argv] of flags) {
    for (const [mode, verb] of [
      [0o666, 'change'],
      [0o602, 'change'],
      [0o777, 'change'],
      [0o644, 'read'],
      [0o604, 'read'],
    ] as const) {
      chmodSync(file, mode);
      const [warning, ...others] = warnings(argv);
      t.match(warning, new RegExp(`^Every user of this machine can ${verb} ${file} .*chmod 600`), `${name} ${mode}`);
      t.strictSame(others, []);
    }
    // Docker, Kubernetes and systemd provide secrets with these modes.
    for (const mode of [0o600, 0o640, 0o400, 0o440, 0o444]) {
      chmodSync(file, mode);
      t.strictSame(warnings(argv), [], `${name} ${mode.toString(8)}`);
    }
  }
  const config = join(directory, 'partyline.toml');
  chmodSync(config, 0o644);
  writeFileSync(config, 'port = 1\n');
  t.strictSame(warnings(['--config', config]), [], 'a configuration without secrets may be readable');
  writeFileSync(config, '[room-passwords]\nvault = "sesame"\n');
  t.match(warnings(['--config', config]), [/^Every user of this machine can read .*partyline\.toml/]);
  t.strictSame(warnings(['--tls-cert', 'c.pem', '--tls-key', join(directory, 'gone.pem')]), []);
  t.end();
});

test('the configuration may name files that a service overrides with variables', (t) => {
  const directory = t.testdir({ own: 'QmFzZTY0-of-the-file-0000', handed: 'QmFzZTY0-of-the-service-0' });
  const [own, handed] = [join(directory, 'own'), join(directory, 'handed')];
  const file = join(directory, 'partyline.toml');
  writeFileSync(file, `admin-token-file = "${own}"\n`);
  t.equal(configFrom(['--config', file]).adminToken, 'QmFzZTY0-of-the-file-0000', "as the operator's check reads it");
  writeFileSync(file, `admin-token-file = "${join(directory, 'not-for-the-service')}"\n`);
  const env = { PARTYLINE_ADMIN_TOKEN_FILE: handed };
  t.equal(configFrom(['--config', file], env).adminToken, 'QmFzZTY0-of-the-service-0', 'as the service reads it');
  t.end();
});

test('every secret that can be kept in a file can be passed to the service', (t) => {
  const credentials = readFileSync(new URL('../../deploy/systemd/credentials.conf', import.meta.url), 'utf8');
  for (const key of ['token-secret', 'admin-token', 'webhook-secret', 'turn-secret', 'tls-cert', 'tls-key']) {
    const variable = `PARTYLINE_${key.replaceAll('-', '_').toUpperCase()}${key.startsWith('tls') ? '' : '_FILE'}`;
    t.match(credentials, new RegExp(`^#?LoadCredential=${key}:/`, 'm'));
    t.match(credentials, `${variable}=%d/${key}`);
    t.notMatch(problemsFrom([], { [variable]: '/nowhere' }).join(), 'Unknown', `${variable} is a setting`);
  }
  t.end();
});

test('a bucket for recordings needs a key, its secret and recordings', (t) => {
  const url = 'https://s3.example.org/voices';
  const directory = t.testdir({ secret: 'a-secret-key\n' });
  const [given, keyId] = [
    ['--recording-s3-url', url, '--recording-dir', directory],
    ['--recording-s3-key-id', 'AKIA7'],
  ];
  const file = ['--recording-s3-secret-file', join(directory, 'secret')];
  t.match(configFrom([...given, ...keyId, ...file]), {
    recordingS3Url: url,
    recordingS3KeyId: 'AKIA7',
    recordingS3Secret: 'a-secret-key',
    recordingS3Region: 'us-east-1',
  });
  for (const rest of [[], keyId, file])
    t.match(problemsFrom([...given, ...rest]), [/^recording-s3-url requires recording-s3-key-id/]);
  t.same(problemsFrom(['--recording-s3-url', url, ...keyId, ...file]), ['recording-s3-url requires recording-dir.']);
  for (const wrong of ['s3://voices', 'https://key:secret@s3.example.org/v', `${url}?a=b`, `${url}#a`, 'voices'])
    t.match(problemsFrom(['--recording-s3-url', wrong]), [/^recording-s3-url cannot be/], wrong);
  t.match(problemsFrom(['--recording-s3-region', 'a/b']), [/^recording-s3-region cannot be/]);
  t.end();
});

test('further admin tokens have names and scopes, on lines of a file or in a list', (t) => {
  const [one, two] = ['1'.repeat(16), '2'.repeat(16)];
  const expected = { bot: { scope: 'read', token: one }, 'ada.l': { scope: 'everything', token: `${two}==` } };
  const text = `# who may what\nbot = read:${one}\n\nada.l=everything:${two}==\n`;
  const directory = t.testdir({
    tokens: text,
    'a.toml': `[admin-tokens]\nbot = "read:${one}"\n"ada.l" = "everything:${two}=="\n`,
  });
  t.strictSame(configFrom(['--admin-tokens-file', join(directory, 'tokens')]).adminTokens, expected);
  t.strictSame(configFrom(['--admin-tokens', `bot=read:${one}, ada.l=everything:${two}==`]).adminTokens, expected);
  t.strictSame(configFrom(['--config', join(directory, 'a.toml')]).adminTokens, expected);
  const wrong = [
    ...['bot', `bot=${one}`, `bot=write:${one}`, 'bot=read:short', `=read:${one}`, `a b=read:${one}`],
    ...[`bot=read:${one},bot=read:${two}`, `bot=read:${one},ada=read:${one}`],
  ];
  for (const list of wrong) {
    const problems = problemsFrom(['--admin-tokens', list]);
    t.match(problems, [/^admin-tokens cannot be the given value .* NAME=SCOPE:TOKEN/], list);
    t.notMatch(problems.join(), one);
    writeFileSync(join(directory, 'tokens'), list);
    t.match(problemsFrom(['--admin-tokens-file', join(directory, 'tokens')]), [/does not contain NAME=SCOPE:TOKEN/]);
  }
  t.match(problemsFrom(['--admin-tokens-file', join(directory, 'gone')]), [
    /admin-tokens file .* cannot be read: ENOENT/,
  ]);
  writeFileSync(join(directory, 'tokens'), text);
  t.match(problemsFrom(['--admin-tokens-file', join(directory, 'tokens'), '--admin-tokens', `a=read:${one}`]), [
    /both set/,
  ]);
  t.end();
});

test('a cluster needs its secret and the addresses of this server', (t) => {
  const engine = ['--cluster-engine', 'redis://127.0.0.1'];
  t.strictSame(problemsFrom(engine), [
    'cluster-engine requires cluster-secret or cluster-secret-file.',
    'cluster-engine requires node-url.',
    'cluster-engine requires cluster-peer.',
  ]);
  const addresses = ['--node-url', '/n/n1/ws', '--cluster-peer', 'http://10.0.0.1:8080'];
  t.strictSame(problemsFrom([...engine, ...addresses, '--cluster-secret', 'short']).length, 1);
  t.equal(configFrom([...engine, ...addresses, '--cluster-secret', SECRET]).clusterSecret, SECRET);
  t.end();
});
