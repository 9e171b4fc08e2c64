import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'tap';
import { WebSocketServer } from 'ws';
import { JanusSignaling } from '../../../bench/janus/signaling.ts';

interface Request {
  readonly janus: string;
  readonly transaction: string;
  readonly session_id?: number;
  readonly handle_id?: number;
  readonly body?: { readonly request: string; readonly room?: string };
  readonly jsep?: { readonly sdp: string };
}

/** Responds as Janus does, with an acknowledgement and events about others before each event. */
function respond({ janus, transaction, body }: Request): object[] {
  if (janus !== 'message') return [{ janus: 'success', transaction, data: { id: janus === 'create' ? 11 : 22 } }];
  const event = (data: object, rest: object = {}) => ({ janus: 'event', transaction, plugindata: { data }, ...rest });
  const before = [
    { janus: 'ack', transaction },
    { janus: 'event', plugindata: { data: { audiobridge: 'joined' } } },
  ];
  if (body?.room === 'closed')
    return [...before, event({ audiobridge: 'event', error_code: 485, error: 'No such room' })];
  if (body?.request === 'join') return [...before, event({ audiobridge: 'joined' })];
  return [...before, event({ audiobridge: 'event' }, { jsep: { type: 'answer', sdp: 'the answer' } })];
}

test('a participant joins an AudioBridge room and gets an answer to the offer', async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const requests: Request[] = [];
  server.on('connection', (socket) => {
    t.equal(socket.protocol, 'janus-protocol');
    socket.on('message', (data) => {
      const request = JSON.parse(String(data)) as Request;
      requests.push(request);
      for (const message of respond(request)) socket.send(JSON.stringify(message));
    });
  });
  t.teardown(() => server.close());
  const signaling = await JanusSignaling.open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(() => signaling.close());
  await t.rejects(signaling.join('closed', 'Ada'), { message: 'Janus refused: No such room (485)' });
  await signaling.join('bench', 'Ada');
  t.equal(await signaling.negotiate('v=0\r\na=setup:actpass\r\n'), 'the answer');
  t.match(requests.at(-1), { session_id: 11, handle_id: 22, body: { request: 'configure' } });
  t.equal(requests.at(-1)?.jsep?.sdp, 'v=0\r\na=setup:active\r\n', 'Janus is the passive side of DTLS');
});
