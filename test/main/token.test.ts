import { Readable } from 'node:stream';
import { type Test, test } from 'tap';
import { ConfigError } from '../../src/config/config.ts';
import { controlTokenCommand } from '../../src/main/control-token.ts';
import { passwordCommand } from '../../src/main/password.ts';
import { tokenCommand } from '../../src/main/token.ts';
import { verifyControlToken } from '../../src/rooms/control-token.ts';
import { tokenKey, verifyJoinToken } from '../../src/rooms/join-token.ts';
import { isPasswordOf, parsePasswordHash } from '../../src/rooms/password-hash.ts';

const SECRET = 'a secret that is long enough to sign with';
const NOW_MS = 1_800_000_000_000;
const WHO = ['--room', 'lobby', '--identity', 'user-7'];

function make(argv: readonly string[], env: Record<string, string> = { PARTYLINE_TOKEN_SECRET: SECRET }) {
  return tokenCommand({ argv, env, machine: { cores: 1 } }, NOW_MS);
}

async function problemsOf(made: Promise<unknown>): Promise<readonly string[]> {
  try {
    await made;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('a ConfigError was expected');
}

function verify(token: string, wallNowMs = NOW_MS, room = 'lobby') {
  return verifyJoinToken(tokenKey(SECRET), token.trim(), { room, wallNowMs });
}

test('the token is one line, and grants what the flags say', async (t) => {
  const plain = await make(WHO);
  t.match(plain, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  t.match(await verify(plain), { identity: 'user-7', name: null, maySpeak: true, mayModerate: false, mayChat: true });
  const full = await make([...WHO, '--name', 'Ada', '--listen-only', '--no-chat', '--moderate', '--expires=2d']);
  t.match(await verify(full), { identity: 'user-7', name: 'Ada', maySpeak: false, mayModerate: true, mayChat: false });
  await t.rejects(verify(plain, NOW_MS + 3_700_000), { code: 'token_expired' }, 'an hour by default');
  t.match(await verify(full, NOW_MS + 47 * 3_600_000), { identity: 'user-7' });
});

test('the secret comes from where the server reads it', async (t: Test) => {
  const directory = t.testdir({ secret: `${SECRET}\n`, 'partyline.toml': `token-secret = "${SECRET}"\nport = 1\n` });
  const sources: [string[], Record<string, string>][] = [
    [['--token-secret', SECRET], {}],
    [['--token-secret-file', `${directory}/secret`], {}],
    [['--config', `${directory}/partyline.toml`], {}],
    [[], { PARTYLINE_TOKEN_SECRET_FILE: `${directory}/secret` }],
    [[], { PARTYLINE_CONFIG: `${directory}/partyline.toml`, PARTYLINE_ACCESS: 'token' }],
  ];
  for (const [flags, env] of sources)
    t.match(await verify(await make([...WHO, ...flags], env)), { identity: 'user-7' });
});

test('errors are clear, and do not show the secret', async (t) => {
  t.strictSame(await problemsOf(make([], {})), [
    'token requires --room ROOM.',
    'token requires --identity ID.',
    "token requires the server's secret: --token-secret-file FILE; see token --help.",
  ]);
  t.strictSame(await problemsOf(make([...WHO, '--rom', 'x'])), ["Unknown option '--rom'; see token --help."]);
  t.match(await problemsOf(make([...WHO, 'stray'])), [/stray/]);
  t.match(await problemsOf(make(['--room', 'a?b', '--identity', 'x'])), [/A room name must have/]);
  t.match(await problemsOf(make([...WHO, '--name', ' '])), [/A name must have/]);
  t.match(await problemsOf(make(['--room', 'a', '--identity', ''])), [/--identity must have 1 to 128 characters/]);
  for (const expires of ['0h', '1', 'h', '1w', '1.5h', '-1h', '9999999s'])
    t.match(await problemsOf(make([...WHO, `--expires=${expires}`])), [/--expires cannot be/], expires);
  const short = await problemsOf(make([...WHO, '--token-secret', 'short-secret'], {}));
  t.match(short, [/at least 32 bytes/]);
  t.notMatch(short.join(), 'short-secret');
});

test('a control token controls its room for as long as the flags say, and opens no door', async (t) => {
  const env = { PARTYLINE_TOKEN_SECRET: SECRET };
  const make = (argv: readonly string[], given: Record<string, string> = env) =>
    controlTokenCommand({ argv, env: given, machine: { cores: 1 } }, NOW_MS);
  const token = (await make(['--room', 'world', '--expires', '2d'])).trim();
  const verifyAt = (wallNowMs: number, room = 'world') =>
    verifyControlToken(tokenKey(SECRET), token, { room, wallNowMs });
  await t.resolves(verifyAt(NOW_MS + 47 * 3_600_000));
  await t.rejects(verifyAt(NOW_MS + 49 * 3_600_000), { code: 'token_expired' });
  await t.rejects(verifyAt(NOW_MS, 'lobby'), { code: 'token_invalid' });
  await t.rejects(verify(token, NOW_MS, 'world'), { code: 'token_invalid' }, 'nobody joins with it');
  t.strictSame(await problemsOf(make([], {})), [
    'control-token requires --room ROOM.',
    "control-token requires the server's secret: --token-secret-file FILE; see control-token --help.",
  ]);
  t.strictSame(await problemsOf(make(['--room', 'x', '--identity', 'y'])), [
    "Unknown option '--identity'; see control-token --help.",
  ]);
  t.match(await problemsOf(make(['--room', 'x', '--expires', '1w'])), [/--expires cannot be/]);
  const help = await make(['--help'], {});
  for (const flag of ['room', 'expires', 'token-secret-file']) t.match(help, `--${flag}`);
});

test('the help explains all flags', async (t) => {
  const help = await make(['--help'], {});
  for (const flag of [
    'room',
    'identity',
    'name',
    'listen-only',
    'moderate',
    'expires',
    'token-secret-file',
    'link',
    'url',
  ])
    t.match(help, `--${flag}`);
  t.notOk(help.split('\n').some((line) => line.length > 100));
});

test('a hash is made from the first line of the input, whatever ends it', async (t) => {
  for (const text of ['open sesame', 'open sesame\n', 'open sesame\r\nmore\n']) {
    const asked: string[] = [];
    const terminal = { input: Readable.from([text]), questions: { write: (question: string) => asked.push(question) } };
    const line = await passwordCommand([], terminal);
    const hash = parsePasswordHash(line.trim());
    t.equal(hash !== undefined && (await isPasswordOf(hash, 'open sesame')), true);
    t.strictSame(asked, [], 'there is nobody to ask');
  }
  const terminal = (text: string) => ({ input: Readable.from([text]), questions: { write: () => {} } });
  t.match(await problemsOf(passwordCommand([], terminal('\n'))), [/A password must have/]);
  t.match(await problemsOf(passwordCommand([], terminal('x'.repeat(257)))), [/A password must have/]);
  t.match(await problemsOf(passwordCommand(['secret'], terminal('x'))), [/takes no flags/]);
});
