/** A few addresses try to take all rooms of the server. */
import { type Test, test } from 'tap';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { Conversation } from '../helpers/conversation.ts';
import { startServer } from '../helpers/running-server.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const ROOMS = 30;
const ROOMS_PER_ADDRESS = 10;
const ATTACKERS = ['127.0.0.2', '127.0.0.3'];
const HONEST = '127.0.0.4';

test('while two people talk', async (t) => {
  const limits = ['--max-rooms', `${ROOMS}`, '--max-rooms-per-address', `${ROOMS_PER_ADDRESS}`];
  const conversation = await Conversation.start(t, (flags) => startServer([...flags, ...limits]));

  const join = async (t: Test, from: string, room: string): Promise<ServerMessage> => {
    const client = await SignalingClient.open(conversation.server.webSocketUrl, {}, { localAddress: from });
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room, name: 'Eve' });
    const [answer] = await client.settled();
    if (answer === undefined) throw new Error('a join without an answer');
    return answer;
  };

  await t.test(
    'two addresses open as many rooms as two may, and everybody else can join those and open others',
    async (t) => {
      await conversation.unharmed(t, async () => {
        for (const from of ATTACKERS) {
          const answers: ServerMessage[] = [];
          for (let n = 0; n < ROOMS; n++) answers.push(await join(t, from, `${from}-${n}`));
          t.equal(answers.filter(({ type }) => type === 'joined').length, ROOMS_PER_ADDRESS);
          t.match(answers.at(-1), { type: 'error', code: 'too_many_rooms_of_address' });
          t.match(await join(t, from, 'lobby'), { type: 'joined' }, 'they can join an open room');
        }
        t.match(await join(t, HONEST, 'quiet-corner'), { type: 'joined', participants: [{ name: 'Eve' }] });
      });
    },
  );
});
