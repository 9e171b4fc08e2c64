import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { AwsV4Signer } from 'aws4fetch';
import { type Test, test } from 'tap';
import { systemClock } from '../../../src/lib/clock.ts';
import { S3Bucket } from '../../../src/recording/upload/s3-bucket.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { S3_KEY, startS3 } from '../../helpers/s3.ts';

const WANTED = new AbortController().signal;
const SOUND = Buffer.alloc(300_000, 'sound');

function fileFor(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-upload-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'mix.opus');
  writeFileSync(path, SOUND);
  return { path, size: SOUND.length };
}

const bucketAt = (url: string, clock = systemClock) => new S3Bucket({ url, region: 'us-east-1', ...S3_KEY, clock });

test('what is put into a bucket is there', async (t) => {
  const s3 = await startS3(t);
  const bucket = bucketAt(`${s3.url}/a folder/`);
  await bucket.put('2026-01-01/id/01-Zoë.opus', fileFor(t), WANTED);
  await bucket.put('2026-01-01/id/manifest.json', { bytes: Buffer.from('{}') }, WANTED);
  await bucket.put('empty', { bytes: Buffer.alloc(0) }, WANTED);
  const read = async (key: string) => {
    const { keyId: accessKeyId, secret: secretAccessKey } = S3_KEY;
    const url = `${s3.url}/a%20folder/${encodeURI(key)}`;
    const { headers } = await new AwsV4Signer({
      url,
      accessKeyId,
      secretAccessKey,
      service: 's3',
      region: 'us-east-1',
    }).sign();
    return Buffer.from(await (await fetch(url, { headers })).arrayBuffer());
  };
  t.ok((await read('2026-01-01/id/01-Zoë.opus')).equals(SOUND));
  t.equal(String(await read('2026-01-01/id/manifest.json')), '{}');
  // Another content replaces it.
  await bucket.put('2026-01-01/id/manifest.json', { bytes: Buffer.from('{"b":1}') }, WANTED);
  t.equal(String(await read('2026-01-01/id/manifest.json')), '{"b":1}');
});

test('a storage that refuses is told in its own words', async (t) => {
  const s3 = await startS3(t);
  const wrongKey = new S3Bucket({
    url: s3.url,
    region: 'us-east-1',
    keyId: 'guessed',
    secret: 'S3RVER',
    clock: systemClock,
  });
  await t.rejects(wrongKey.put('a', { bytes: SOUND }, WANTED), { message: /the storage answers 403/ });
  const nowhere = bucketAt(s3.url.replace('voices', 'nowhere'));
  await t.rejects(nowhere.put('a', { bytes: SOUND }, WANTED), { message: 'a: the storage answers 404 NoSuchBucket' });
  await s3.close();
  await t.rejects(bucketAt(s3.url).put('a', { bytes: SOUND }, WANTED), {
    message: /cannot be reached \(ECONNREFUSED\)/,
  });
});

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** The signature that a request should have (AWS Signature Version 4), by what it says of itself. */
function signatureOf({ method, url: path = '', headers }: IncomingMessage): string {
  const authorization = headers.authorization ?? '';
  const [, scope = '', names = ''] = /Credential=S3RVER\/(.*), SignedHeaders=(.*), /.exec(authorization) ?? [];
  const listed = names.split(';').map((name) => `${name}:${headers[name]}\n`);
  const canonical = [method, path, '', listed.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const [day = '', region = '', service = '', last = ''] = scope.split('/');
  const key = hmac(hmac(hmac(hmac(`AWS4${S3_KEY.secret}`, day), region), service), last);
  return hmac(key, ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, digest].join('\n')).toString('hex');
}

test('requests are signed, with their checksums', async (t) => {
  const { url, requests } = await startFake(t, (request, response) => {
    const given = /Signature=(\w+)$/.exec(request.headers.authorization ?? '')?.[1];
    response.writeHead(given === signatureOf(request) ? 404 : 403).end();
  });
  const clock = new FakeClock();
  await t.rejects(bucketAt(url, clock).put('2026/01-Zoë.opus', fileFor(t), WANTED), /answers 404/);
  t.equal(requests.length, 2, 'the first signature was right');
  t.equal(requests[1]?.headers['x-amz-date'], '20260101T000000Z');
  t.match(requests[1]?.headers.authorization, /content-md5;host;x-amz-content-sha256;x-amz-date/);
});

/** A storage that answers as told, for what a real one does rarely. */
async function startFake(t: Test, answer: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
  const requests: { method: string | undefined; headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request).catch(() => Buffer.alloc(0));
    requests.push({ method: request.method, headers: request.headers, body });
    answer(request, response, requests.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/voices`, requests };
}

test('nothing counts before the storage has shown that it has the same bytes', async (t) => {
  const etag = `"${createHash('md5').update(SOUND).digest('hex')}"`;
  const right = { 'content-length': String(SOUND.length), etag };
  for (const [headers, isKept] of [
    [right, true],
    [{ ...right, etag: '"0123456789abcdef0123456789abcdef"' }, false],
    [{ ...right, etag: '"0123"', 'x-amz-server-side-encryption': 'aws:kms' }, true],
    [{ ...right, 'content-length': '5' }, false],
    [{ 'content-length': String(SOUND.length) }, false],
  ] as const) {
    const { url, requests } = await startFake(t, (_, response, count) =>
      count === 1 ? response.writeHead(404).end() : response.writeHead(200, count === 3 ? headers : {}).end(),
    );
    const put = bucketAt(url).put('mix.opus', fileFor(t), WANTED);
    if (isKept) await t.resolves(put, JSON.stringify(headers));
    else await t.rejects(put, /does not have what it was sent/, JSON.stringify(headers));
    t.same(
      requests.map(({ method }) => method),
      ['HEAD', 'PUT', 'HEAD'],
    );
    const [, sent] = requests;
    t.ok(sent?.body.equals(SOUND));
    t.equal(sent?.headers['content-length'], String(SOUND.length));
    t.equal(sent?.headers['content-md5'], createHash('md5').update(SOUND).digest('base64'));
    t.equal(sent?.headers['x-amz-content-sha256'], createHash('sha256').update(SOUND).digest('hex'));
  }
  for (const [last, outcome] of [
    [200, undefined],
    [403, /does not show what it was sent/],
  ] as const) {
    const shy = await startFake(t, (_, response, count) =>
      response.writeHead(count === 1 ? 403 : count === 2 ? 200 : last, count === 3 ? right : {}).end(),
    );
    const put = bucketAt(shy.url).put('mix.opus', fileFor(t), WANTED);
    if (outcome === undefined) await t.resolves(put, 'who may not list the bucket is told 403 of what is not there');
    else await t.rejects(put, outcome);
    t.equal(shy.requests.length, 3);
  }
  const { url, requests } = await startFake(t, (_, response) => response.writeHead(200, right).end());
  await bucketAt(url).put('mix.opus', fileFor(t), WANTED);
  t.equal(requests.length, 1, 'what is there is not sent again');
});

test('a storage that hangs is given up, and so is everything when the server ends', async (t) => {
  const { url, requests } = await startFake(t, () => {});
  const clock = new FakeClock();
  const hanging = bucketAt(url, clock).put('a', { bytes: Buffer.from('b') }, WANTED);
  const rejected = t.rejects(hanging, /it takes too long/);
  await eventually(() => requests.length === 1);
  clock.advance(60_000);
  await rejected;
  t.equal(clock.pendingTimers, 0);
  const abort = new AbortController();
  const ended = t.rejects(bucketAt(url).put('a', { bytes: Buffer.from('b') }, abort.signal));
  await eventually(() => requests.length === 2);
  abort.abort();
  await ended;
});

test('a file that changes meanwhile is not sent', async (t) => {
  const { url, requests } = await startFake(t, (_, response) => response.writeHead(404).end());
  const file = fileFor(t);
  appendFileSync(file.path, 'more');
  await t.rejects(bucketAt(url).put('a', file, WANTED), { message: 'mix.opus has changed' });
  t.equal(requests.length, 0);
});

/** How often this process has a file open. */
function timesOpen(path: string): number {
  const opened = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return opened.filter((each) => each === path).length;
}

test('a storage that answers before it has taken everything leaves no file open', async (t) => {
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.url?.endsWith('broken') === true) request.once('data', () => request.socket.destroy());
    else response.writeHead(403).end('no');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const bucket = bucketAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/voices`);
  const { path } = fileFor(t);
  // More than the network takes without a reader.
  const size = 30_000_000;
  truncateSync(path, size);
  await t.rejects(bucket.put('refused', { path, size }, WANTED), /answers 403 no/);
  await t.rejects(bucket.put('broken', { path, size }, WANTED), /cannot be reached/);
  await eventually(() => timesOpen(path) === 0 || `${timesOpen(path)} open`);
});

test('an answer without end is not read to the end', async (t) => {
  let isCut = false;
  const { url } = await startFake(t, (request, response) => {
    if (request.method === 'HEAD') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(500);
    const piece = Buffer.alloc(65_536, 'x');
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more).on('close', () => {
      isCut = true;
    });
    more();
  });
  await t.rejects(bucketAt(url).put('a', { bytes: SOUND }, WANTED), {
    message: `a: the storage answers 500 ${'x'.repeat(300)}`,
  });
  await eventually(() => isCut);
});
