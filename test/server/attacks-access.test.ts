import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import type { ErrorCode } from '../../src/lib/errors.ts';
import type { ClientMessageInput } from '../../src/protocol/messages.ts';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { formatPasswordHash, hashPassword } from '../../src/rooms/password-hash.ts';
import { Conversation } from '../helpers/conversation.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const SECRET = 'a secret that is long enough to sign with';
const PASSWORD = 'open sesame';
const ATTACKERS = 50;
const ATTACK_MS = 2000;
/** As if each attacker had their own address. */
const NO_LIMITS = ['--max-connections-per-address', '--max-joins-per-minute', '--max-failed-joins-per-minute'];
const PAUSE_MS = 100;
/** A busy server reads many messages of a connection at once, and shall not end it for that. */
const PATIENCE = ['--max-messages-per-second', '1000'];

test('while two people talk', async (t) => {
  const hash = formatPasswordHash(await hashPassword(PASSWORD));
  const access = ['--token-secret', SECRET, '--room-passwords', `vault=${hash}`, '--join-timeout-ms', '600000'];
  const noLimits = NO_LIMITS.flatMap((flag) => [flag, '0']);
  const conversation = await Conversation.start(t, (flags) =>
    startServer([...flags, ...access, ...noLimits, ...PATIENCE]),
  );
  const url = conversation.server.webSocketUrl;

  /** Joins repeatedly from many connections until one is refused with `code`. Returns the number of answers by code. */
  const flood = async (t: Test, code: ErrorCode, join: (attempt: number) => ClientMessageInput) => {
    const answers = new Map<ErrorCode, number>();
    const attackers = await Promise.all(Array.from({ length: ATTACKERS }, () => SignalingClient.open(url)));
    for (const { socket } of attackers) {
      t.teardown(() => socket.terminate());
      socket.on('message', (data) => {
        const { code } = JSON.parse(String(data)) as { code: ErrorCode };
        answers.set(code, (answers.get(code) ?? 0) + 1);
      });
    }
    const endMs = performance.now() + ATTACK_MS;
    for (let attempt = 0; performance.now() < endMs; attempt++) {
      for (const attacker of attackers) attacker.send(join(attempt));
      await sleep(PAUSE_MS);
    }
    await eventually(() => answers.has(code));
    return answers;
  };

  await t.test(
    'a flood of password guesses neither harms them nor keeps out somebody who knows the password',
    async (t) => {
      const first = await SignalingClient.open(url);
      first.send({ type: 'join', room: 'vault', name: 'Cy', password: PASSWORD });
      await first.next('joined');
      t.teardown(() => first.socket.terminate());
      let waitedMs = Number.POSITIVE_INFINITY;
      let answers = new Map<ErrorCode, number>();
      const knowing = async () => {
        await sleep(ATTACK_MS / 2);
        const client = await SignalingClient.open(url);
        t.teardown(() => client.socket.terminate());
        const watch = new Stopwatch();
        client.send({ type: 'join', room: 'vault', name: 'Dan', password: PASSWORD });
        await client.next('joined');
        waitedMs = watch.ownMs;
      };
      const { tookMs } = await conversation.unharmed(t, async () => {
        const guess = (attempt: number) =>
          ({ type: 'join', room: 'vault', name: 'Eve', password: `${attempt}` }) as const;
        [answers] = await Promise.all([flood(t, 'wrong_password', guess), knowing()]);
      });
      t.comment(Object.fromEntries(answers));
      t.ok(waitedMs < 500, `somebody who knows the password joined after ${waitedMs.toFixed(0)} ms`);
      const tried = answers.get('wrong_password') ?? 0;
      t.ok(tried > 0 && tried <= tookMs / 300 + 2, `${tried} guesses were tried in ${tookMs.toFixed(0)} ms`);
    },
  );

  await t.test('a flood of forged tokens does not harm them', async (t) => {
    const grant = { room: 'lobby', identity: 'eve', name: 'Eve', maySpeak: true, mayModerate: true };
    const lifetime = { wallNowMs: Date.now(), lifetimeMs: 60_000 };
    const forged = await createJoinToken(tokenKey(`${SECRET}!`), grant, lifetime);
    const padded = `${forged}${'A'.repeat(4096 - forged.length)}`;
    let answers = new Map<ErrorCode, number>();
    await conversation.unharmed(t, async () => {
      answers = await flood(t, 'token_invalid', (attempt) => ({
        type: 'join',
        room: 'lobby',
        name: 'Eve',
        token: attempt % 2 === 0 ? forged : padded,
      }));
    });
    t.comment(Object.fromEntries(answers));
    t.ok((answers.get('token_invalid') ?? 0) > 0, 'they were checked and refused');
    const after = (await conversation.server.metrics()).sum('partyline_participants');
    // The server still waits some seconds for the attackers of the previous test, who left without saying so.
    t.ok(after >= 2 && after <= 4, `nobody got in: ${after} are there`);
  });
});
