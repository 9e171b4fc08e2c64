import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { type Test, test } from 'tap';
import type { NodeRecord } from '../../src/cluster/node-record.ts';
import { PEER_PATH, Peers } from '../../src/cluster/peers.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { AppError } from '../../src/lib/errors.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const SECRET = 'a secret that all nodes of this test have';
const LIMIT_MS = 60_000;

async function listen(t: Test, http: Server): Promise<string> {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function recordOf(node: string, peer: string): NodeRecord {
  const idle = { load: 0, rooms: 0, people: 0, draining: false };
  return { node, peer, incarnation: `run of ${node}`, version: '1', url: `ws://${node}/ws`, region: '', ...idle };
}

/** Two nodes; the first asks the second over HTTP. */
async function setUp(t: Test, { secret = SECRET, clock = systemClock } = {}) {
  const records: NodeRecord[] = [];
  const peersOf = (node: string, its: string) =>
    new Peers({
      node,
      incarnation: `run of ${node}`,
      secret: its,
      nowMs: () => 1_800_000_000_000,
      nodes: () => records,
      clock,
      log: pino({ level: 'silent' }),
    });
  const [asking, asked] = [peersOf('n1', SECRET), peersOf('n2', secret)];
  const heard: { url: string | undefined; authorization: string }[] = [];
  const http = createServer(async (incoming, response) => {
    const { authorization = '' } = incoming.headers;
    const answer = await asked.answer(incoming);
    heard.push({ url: incoming.url, authorization });
    response.writeHead(answer === undefined ? 404 : 200).end(answer ?? 'nothing');
  });
  const url = await listen(t, http);
  records.push(recordOf('n2', url));
  return { asking, asked, heard, url, records };
}

test('a node asks another one, which knows who asks', async (t) => {
  const { asking, asked, heard } = await setUp(t);
  asked.on('double', async (body, from) => ({ twice: Number(body) * 2, from }));
  asked.on('nothing', () => undefined);
  t.same(await asking.request('n2', 'double', 21, LIMIT_MS), { twice: 42, from: 'n1' });
  t.equal(await asking.request('n2', 'nothing', null, LIMIT_MS), undefined);
  t.equal(heard[0]?.url, PEER_PATH);
  t.same(asking.figures, { asked: { answered: 2, silent: 0 }, refused: 0 });
});

test('what the other one throws is thrown here', async (t) => {
  const { asking, asked } = await setUp(t);
  asked.on('user', () => Promise.reject(new AppError('unknown_room', 'It is closed.', { retryAfterMs: 700 })));
  asked.on('fault', () => {
    throw new Error('with a secret in it');
  });
  const error = await asking.request('n2', 'user', null, LIMIT_MS).catch((thrown: AppError) => thrown);
  t.match(error, { code: 'unknown_room', message: /^(?!.*closed.*closed).*It is closed\.$/, retryAfterMs: 700 });
  t.match(await asking.request('n2', 'fault', null, LIMIT_MS).catch((thrown) => thrown), {
    code: 'internal',
    message: /^(?!.*secret)/,
  });
  await t.rejects(asking.request('n2', 'of a newer one', null, LIMIT_MS), { code: 'unknown_type' });
  t.equal(asking.figures.asked.answered, 3);
});

test('whoever is unknown, gone, or has another secret is silent', async (t) => {
  const { asking, records, asked } = await setUp(t, { secret: 'another secret, just as long as it is' });
  asked.on('has', () => true);
  await t.rejects(asking.request('n9', 'has', null, LIMIT_MS), { code: 'server_busy', message: /"n9"/ });
  await t.rejects(asking.request('n2', 'has', null, LIMIT_MS), { code: 'server_busy', retryAfterMs: 500 });
  t.equal(asked.figures.refused, 1);
  for (const peer of ['http://127.0.0.1:1', 'ftp://127.0.0.1/', 'no address', '']) {
    records[0] = recordOf('n2', peer);
    await t.rejects(asking.request('n2', 'has', null, LIMIT_MS), { code: 'server_busy' }, peer);
  }
  t.equal(asking.figures.asked.silent, 6);
});

test('nobody waits for one that does not answer longer than they want', async (t) => {
  const clock = new FakeClock();
  const { asking, asked } = await setUp(t, { clock });
  let wasAsked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    wasAsked = resolve;
  });
  asked.on('never', () => {
    wasAsked();
    return new Promise(() => {});
  });
  const answer = asking.request('n2', 'never', null, 1000);
  answer.catch(() => {});
  await isAsked;
  clock.advance(1001);
  await t.rejects(answer, { code: 'server_busy' });
});

test('an answer without end is not read to its end', async (t) => {
  const { asking, records } = await setUp(t);
  let wasCut = () => {};
  const isCut = new Promise<void>((resolve) => {
    wasCut = resolve;
  });
  const endless = createServer((_, response) => {
    response.on('error', () => {});
    response.on('close', wasCut);
    const write = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', write);
    };
    write();
  });
  records[0] = recordOf('n2', await listen(t, endless));
  await t.rejects(asking.request('n2', 'has', null, LIMIT_MS), { code: 'server_busy' });
  await isCut;
});

test('a stranger gets nothing, before anything of what they send is read', async (t) => {
  const { asked, url } = await setUp(t);
  asked.on('has', () => t.fail('a stranger was answered'));
  const status = (method: string, authorization: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = { Authorization: authorization, 'Content-Length': 1_000_000_000 };
      const sent = request(new URL(PEER_PATH, url), { method, headers, agent: false }, (response) => {
        resolve(response.statusCode ?? 0);
        sent.destroy();
      });
      sent.on('error', reject);
      sent.flushHeaders();
    });
  for (const authorization of ['', 'Bearer x', 'Partyline ', 'Partyline AAAA', `Partyline ${'A'.repeat(8000)}`])
    t.equal(await status('POST', authorization), 404, authorization.slice(0, 20));
  t.equal(asked.figures.refused, 5);
});

test('a request that somebody has seen cannot be sent again', async (t) => {
  const { asking, asked, heard, url } = await setUp(t);
  let count = 0;
  asked.on('kick', () => ++count);
  await asking.request('n2', 'kick', null, LIMIT_MS);
  const again = await fetch(new URL(PEER_PATH, url), {
    method: 'POST',
    headers: { authorization: heard[0]!.authorization },
    body: 'anything',
  });
  t.equal(again.status, 404);
  t.equal(count, 1);
});
