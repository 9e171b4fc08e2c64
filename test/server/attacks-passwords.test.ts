/** Sockets of one address guess a password at the same time, while somebody at another address knows it. */
import { type Test, test } from 'tap';
import type { ErrorCode } from '../../src/lib/errors.ts';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { formatPasswordHash, hashPassword } from '../../src/rooms/password-hash.ts';
import { Conversation } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const PASSWORD = 'open sesame';
const GUESSERS = 200;
const GUESSES_PER_MINUTE = 3;
const GUESSER = '127.0.0.2';
const HONEST = '127.0.0.3';

test('while two people talk', async (t) => {
  const hash = formatPasswordHash(await hashPassword(PASSWORD));
  const access = ['--room-passwords', `vault=${hash}`, '--max-failed-joins-per-minute', `${GUESSES_PER_MINUTE}`];
  const patience = ['--join-timeout-ms', '600000'];
  const conversation = await Conversation.start(t, (flags) => startServer([...flags, ...access, ...patience]));

  const open = async (t: Test, from: string): Promise<SignalingClient> => {
    const client = await SignalingClient.open(conversation.server.webSocketUrl, {}, { localAddress: from });
    t.teardown(() => client.socket.terminate());
    return client;
  };

  await t.test(
    'two hundred sockets get no more guesses than one, and somebody who knows the password gets in',
    async (t) => {
      const guessers = await Promise.all(Array.from({ length: GUESSERS }, () => open(t, GUESSER)));
      const honest = await open(t, HONEST);
      const codes: ErrorCode[] = [];
      let guessedBefore: number | undefined;
      const wrong = () => codes.filter((code) => code === 'wrong_password').length;
      for (const { socket } of guessers)
        socket.on('message', (data) => {
          const message = JSON.parse(String(data)) as ServerMessage;
          if (message.type === 'error') codes.push(message.code);
        });
      honest.socket.on('message', (data) => {
        if ((JSON.parse(String(data)) as ServerMessage).type === 'joined') guessedBefore = wrong();
      });
      await conversation.unharmed(t, async () => {
        for (const [n, guesser] of guessers.entries())
          guesser.send({ type: 'join', room: 'vault', name: 'Eve', password: `guess ${n}` });
        honest.send({ type: 'join', room: 'vault', name: 'Cy', password: PASSWORD });
        await eventually(() => codes.length === GUESSERS || `${codes.length} are answered`);
        await eventually(() => guessedBefore !== undefined || 'nobody with the password has joined');
      });
      t.ok(guessedBefore !== undefined && guessedBefore < GUESSES_PER_MINUTE, `in after ${guessedBefore} guesses`);
      t.equal(wrong(), GUESSES_PER_MINUTE);
      t.equal(codes.filter((code) => code === 'rate_limited').length, GUESSERS - GUESSES_PER_MINUTE);
    },
  );
});
