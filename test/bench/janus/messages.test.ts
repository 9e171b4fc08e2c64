import { test } from 'tap';
import { parseJanusMessage } from '../../../bench/janus/messages.ts';

const event = (data: object, rest: object = {}) =>
  JSON.stringify({
    janus: 'event',
    session_id: 1,
    transaction: '7',
    sender: 2,
    plugindata: { plugin: 'janus.plugin.audiobridge', data },
    ...rest,
  });

test('Janus responses to a session, a join and an offer are distinguished', async (t) => {
  const created = parseJanusMessage('{"janus":"success","transaction":"0","data":{"id":5105602255393072}}');
  t.same(created, { kind: 'success', transaction: '0', id: 5_105_602_255_393_072 });
  const joined = parseJanusMessage(event({ audiobridge: 'joined', room: 'bench', id: 'a', participants: [] }));
  t.same(joined, { kind: 'event', transaction: '7', event: 'joined', answerSdp: undefined });
  const jsep = { type: 'answer', sdp: 'v=0\r\n' };
  const answered = parseJanusMessage(event({ audiobridge: 'event', result: 'ok' }, { jsep }));
  t.same(answered, { kind: 'event', transaction: '7', event: 'event', answerSdp: 'v=0\r\n' });
});

test('a refusal by Janus and one by AudioBridge both give the reason', async (t) => {
  const core = '{"janus":"error","transaction":"1","error":{"code":460,"reason":"No such plugin"}}';
  t.same(parseJanusMessage(core), { kind: 'error', transaction: '1', reason: 'No such plugin (460)' });
  const plugin = event({ audiobridge: 'event', error_code: 485, error: 'No such room' });
  t.same(parseJanusMessage(plugin), { kind: 'error', transaction: '7', reason: 'No such room (485)' });
});

test('acknowledgements, events about others and unparsable messages are skipped', async (t) => {
  const news = JSON.stringify({ janus: 'event', plugindata: { data: { audiobridge: 'joined' } } });
  for (const text of ['{"janus":"ack","transaction":"7"}', news, '{"janus":"webrtcup"}', '[]', '{', '']) {
    t.same(parseJanusMessage(text), { kind: 'other' });
  }
});
