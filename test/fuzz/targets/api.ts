import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import type { Health } from '../../../src/http/health.ts';
import { ERRORS } from '../../../src/lib/errors.ts';
import { API_PATH, OPERATION_LIST, type Operation } from '../../../src/protocol/api/operations.ts';
import { ApiClient, operationOf } from '../../helpers/api-client.ts';
import { ownProblems } from '../../helpers/own-problems.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { type RunningServer, startServer } from '../../helpers/running-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';
import { pick } from '../mutate.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const MAX_ROOMS = 8;
const PATIENCE_MS = 60_000;
const FLAGS = [
  ...['--admin-token', TOKEN, '--token-secret', 'a secret that is long enough to sign with'],
  ...['--allow-capture', 'on', '--max-rooms', String(MAX_ROOMS)],
];
const PEOPLE = ['ada', 'ben'] as const;
/**
 * In addition to the API's own codes: what Node itself answers to input that is not HTTP, and what the page answers on
 * other paths.
 */
const OTHER_STATUSES: ReadonlySet<number> = new Set([100, 304, 404, 405, 408, 413, 417, 431]);
const CAPTURE_TYPE = 'application/vnd.tcpdump.pcap';

const SEGMENTS = ['lobby', 'annex', '@ada', '@ben', 'rooms', 'nowhere', '%00', '%ff', '..%2f', '', 'x'.repeat(70)];
const QUERIES = ['', '', '?limit=1', '?offset=1e9', '?limit=', '?identity=u1', '?limit=1&limit=2', '?__proto__=1'];
const VALUES = [
  ...[null, true, false, 0, -1, 1, 7, 1e300, '', 'lobby', 'annex', 'u1', '\u00fc', '..', '\u0000', 'x'.repeat(300)],
  ...[[], {}, ['lobby'], { a: { b: [] } }, 'scrypt:15:8:1:x:y'],
];
const FIELDS = [
  ...new Set(OPERATION_LIST.flatMap(([, { body }]) => Object.keys(body?.shape ?? {}))),
  ...['__proto__', 'constructor', 'toString'],
];

interface Person {
  readonly id: string;
  readonly client: SignalingClient;
}

interface Scene {
  readonly server: RunningServer;
  readonly api: ApiClient;
  readonly people: Map<string, Person>;
}

const failures: string[] = [];
let opening: Promise<Scene> | undefined;

/**
 * Requests to the API of a whole server with people in its rooms. Each frame is one request with line feeds for line
 * ends; `@token` stands for the admin token, `@ada` and `@ben` for the ids of participants. The length of the body is
 * added.
 */
export const api: FuzzTarget = {
  name: 'api',
  files: [
    ...['api', 'handlers', 'admin-auth', 'problem', 'capture-stream'].map((name) => `src/admin/api/${name}.ts`),
    ...['registry', 'room', 'draining', 'moderation'].map((name) => `src/rooms/${name}.ts`),
  ],
  framed: true,
  maxBytes: 2000,
  // A round of requests over TCP, followed by a look at all rooms.
  maxMs: 1000,
  seeds: () => [
    joinFrames(OPERATION_LIST.map(([, operation]) => sensible(operation, true))),
    joinFrames(OPERATION_LIST.map(([, operation]) => sensible(operation, false))),
    joinFrames([
      text('POST', '/rooms', { name: 'annex', maxParticipants: 1, maxTalkers: 1, levelling: false, password: 'x' }),
      text('POST', '/rooms/lobby/participants/@ada/move', { room: 'annex' }),
      text('POST', '/rooms/lobby/participants/@ben/move', { room: 'annex' }),
      text('PATCH', '/rooms/annex', { locked: true, maxParticipants: 5 }),
      text('POST', '/rooms/annex/participants/@ada/mute'),
      text('POST', '/rooms/lobby/participants/@ben/capture', { seconds: 1 }),
      text('POST', '/rooms/lobby/participants/@ben/move', { room: 'other' }),
      text('DELETE', '/rooms/other'),
    ]),
    joinFrames([
      Buffer.from(`GET ${API_PATH}/rooms HTTP/1.1\n\n`),
      Buffer.from(`GET ${API_PATH}/openapi.json HTTP/1.1\n\n`),
      Buffer.from(`DELETE ${API_PATH}/rooms/lobby HTTP/1.1\nAuthorization: Bearer wrong\n\n`),
      text('POST', '/server/drain', { deadlineSeconds: 0 }),
    ]),
  ],
  tokens: [
    ...['GET ', 'POST ', 'PATCH ', 'DELETE ', 'PUT ', 'HEAD ', 'OPTIONS ', API_PATH, '/', '@ada', '@ben', '@token'],
    ...['\nTransfer-Encoding: chunked', '\nContent-Length: 5', '\nContent-Encoding: gzip', '\nExpect: 100-continue'],
    ...['\nContent-Type: text/plain', '\nContent-Type: application/json; charset=utf-7', '\nX-Forwarded-For: ::1'],
    ...['\nX-HTTP-Method-Override: DELETE', '\nAuthorization: Basic x', '\nAuthorization: Bearer @token', '\n\n'],
    ...['{', '}', '[', '"', 'null', '1e999', '"__proto__":{', '\\ud800', '%', '%ff', '?', '#', '//', '/../', ';'],
    ...FIELDS.map((name) => `"${name}":`),
  ],
  generate: (prng) => joinFrames(Array.from({ length: integerBetween(prng, 1, 8) }, () => anything(prng))),
  run: async (input) => {
    opening ??= open();
    const scene = await opening;
    failures.length = 0;
    await beginAnew(scene);
    for (const frame of splitFrames(input)) await ask(scene, frame);
    await holdTogether(scene);
    hold(failures.length === 0, `nothing fails: ${failures[0]}`);
    hold(!('polluted' in {}), 'no prototype is changed');
  },
  close: async () => {
    const scene = await opening;
    opening = undefined;
    for (const { client } of scene?.people.values() ?? []) client.socket.terminate();
    await scene?.server.close();
  },
};

async function open(): Promise<Scene> {
  const log = pino({ level: 'error' }, { write: (line) => failures.push(line) });
  const server = await startServer(FLAGS, { log });
  return { server, api: new ApiClient(server.url, TOKEN), people: new Map() };
}

/** Undoes everything that came before and puts everybody back in the lobby. */
async function beginAnew({ server, api, people }: Scene): Promise<void> {
  await api.delete('/server/drain');
  for (const { name } of (await api.get('/rooms')).body.rooms) await api.delete(`/rooms/${name}`);
  for (const name of PEOPLE) {
    people.get(name)?.client.socket.terminate();
    const client = await SignalingClient.open(server.webSocketUrl);
    people.set(name, { client, id: (await client.join('lobby', name)).participantId });
  }
}

async function ask({ server, people }: Scene, frame: Uint8Array): Promise<void> {
  const asked = Buffer.from(frame)
    .toString('latin1')
    .replaceAll('@token', TOKEN)
    .replaceAll(/@(ada|ben)/g, (_, name) => people.get(name)!.id);
  const [head = '', ...rest] = asked.split('\n\n');
  const body = rest.join('\n\n');
  const hasLength = /^(?:content-length|transfer-encoding)\s*:/im.test(head);
  const lines = [...head.split('\n'), 'Host: x', ...(hasLength ? [] : [`Content-Length: ${body.length}`])];
  const answer = await exchange(Number(new URL(server.url).port), `${lines.join('\r\n')}\r\n\r\n${body}`);
  for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) judge(asked, Number(status), answer);
}

/** Resolves with the whole response, or, for a capture, with its beginning. */
async function exchange(port: number, request: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
    if (answer.includes(CAPTURE_TYPE)) socket.destroy();
  });
  // A response that starts before everything was sent ends with a reset.
  socket.on('error', () => {});
  socket.end(request, 'latin1');
  await once(socket, 'close').catch(() => {});
  return answer;
}

function judge(asked: string, status: number, answer: string): void {
  const [line = ''] = asked.split('\n', 1);
  const isAuthorized = asked.includes(TOKEN);
  // Problems of the server's health have codes of their own.
  const code = /"type":"urn:partyline:problem:(\w+)"/.exec(answer)?.[1];
  if (status < 300 && status !== 100 && !isAuthorized)
    hold(!line.includes(API_PATH) || line.includes('openapi.json'), `this needs the token: ${line}`);
  if (code === undefined) {
    hold(status < 300 || status === 400 || OTHER_STATUSES.has(status), `${status} is an undocumented status: ${line}`);
    return;
  }
  hold(code in ERRORS && ERRORS[code as keyof typeof ERRORS].fault === 'user', `${code} is not an error of ${line}`);
  // The bytes sent may have held more than one request.
  const isOne = answer.match(/^HTTP\/1\.1 /gm)?.length === 1;
  if (!isOne) return;
  hold(ERRORS[code as keyof typeof ERRORS].httpStatus === status, `${code} does not belong to ${status}`);
  const [method = '', target = ''] = line.split(' ');
  const operation = target.startsWith(API_PATH) && operationOf(method, target.slice(API_PATH.length));
  const kind = operation ? OPERATION_LIST.find(([id]) => id === operation)?.[1] : undefined;
  if (status >= 500) hold(kind?.errors.some((known) => known === code) === true, `${code} is in the document: ${line}`);
}

/** The API's responses agree with each other, with what people hear, and with the limits. */
async function holdTogether({ server, api, people }: Scene): Promise<void> {
  const { rooms, total } = (await api.get('/rooms')).body;
  hold(total === rooms.length && total <= MAX_ROOMS, 'the number of rooms is bounded');
  const listed: string[] = [];
  for (const room of rooms) {
    const { participants } = (await api.get(`/rooms/${room.name}/participants`)).body;
    hold(participants.length === room.participants, `the count of ${room.name} matches its participants`);
    hold(room.permanent || room.participants > 0, `${room.name} is not empty`);
    for (const { id, room: where } of participants) {
      hold(where === room.name, 'a participant is in the room that lists them');
      listed.push(id);
    }
  }
  hold(new Set(listed).size === listed.length, 'nobody is in two rooms');
  const known = [...people.values()];
  hold(
    listed.every((id) => known.some((person) => person.id === id)),
    'nobody is listed who has not joined',
  );
  for (const { id, client } of known) {
    if (listed.includes(id)) {
      client.send({ type: 'ping', id: 1 });
      await client.skipTo('pong');
    } else {
      const isOver = await Promise.race([client.closed, sleep(PATIENCE_MS, false, { ref: false })]);
      hold(isOver !== false, 'a participant outside any room gets an error saying so');
    }
  }
  const { problems, participants } = (await (await fetch(`${server.url}/healthz`)).json()) as Health;
  hold(ownProblems(problems).length === 0, 'the server is well');
  hold(participants === listed.length, 'the server counts those who are in its rooms');
}

function anything(prng: Prng): Uint8Array {
  const [, operation] = pick(prng, OPERATION_LIST);
  const segment = () => pick(prng, SEGMENTS);
  const path = operation.path
    .replace('{room}', () => (prng() < 0.7 ? 'lobby' : segment()))
    .replace('{participant}', () => (prng() < 0.7 ? '@ada' : segment()));
  const target = (prng() < 0.9 ? path : `${path}/${segment()}`) + pick(prng, QUERIES);
  const method = prng() < 0.9 ? operation.method.toUpperCase() : pick(prng, ['GET', 'POST', 'PATCH', 'DELETE', 'PUT']);
  const names = prng() < 0.8 ? Object.keys(operation.body?.shape ?? {}) : FIELDS;
  const fields = names.filter(() => prng() < 0.6).map((name) => [name, pick(prng, VALUES)]);
  return text(method, target, Object.fromEntries(fields), prng() < 0.9);
}

/** Requests from somebody who knows the API. */
function sensible({ method, path, body }: Operation, authorized: boolean): Uint8Array {
  const target = path.replace('{room}', 'lobby').replace('{participant}', '@ada');
  const fields = { name: 'annex', room: 'annex', identity: 'u1', seconds: 1, locked: true };
  const wanted = Object.entries(fields).filter(([name]) => name in (body?.shape ?? {}));
  return text(method.toUpperCase(), target, Object.fromEntries(wanted), authorized);
}

function text(method: string, path: string, body?: object, authorized = true): Uint8Array {
  const headers = [...(authorized ? ['Authorization: Bearer @token'] : []), 'Content-Type: application/json'];
  const content = body === undefined || method === 'GET' ? '' : JSON.stringify(body);
  return Buffer.from([`${method} ${API_PATH}${path} HTTP/1.1`, ...headers, '', content].join('\n'));
}
