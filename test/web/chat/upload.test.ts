import { test } from 'tap';
import { upload } from '../../../web/app/chat/upload.ts';

const CONTENT = new Blob(['x'.repeat(300_000)]);

function setUp(answer: (at: number, init: RequestInit) => Response | Promise<Response>) {
  const requests: [method: string | undefined, path: string, bytes: number][] = [];
  const request = (async (path: string, init: RequestInit = {}) => {
    const body = init.body as Blob | undefined;
    requests.push([init.method, path, body?.size ?? 0]);
    if (init.method === 'DELETE') return new Response(null, { status: 204 });
    return answer(Number(new URL(path, 'http://x').searchParams.get('at')), init);
  }) as typeof fetch;
  const progress: number[] = [];
  const abort = new AbortController();
  const options = {
    offer: async () => 'grant',
    onProgress: (part: number) => progress.push(part),
    signal: abort.signal,
    request,
  };
  return { requests, progress, abort, run: () => upload({ name: 'x', content: CONTENT }, options) };
}

const taken = (at: number) => Response.json({ file: at >= 262_144 ? { id: 'id' } : null });

test('a file goes in pieces, in order, and says how far it is', async (t) => {
  const { requests, progress, run } = setUp(taken);
  t.equal(await run(), 'id');
  t.same(requests, [
    ['POST', '/files/new/grant?at=0', 131_072],
    ['POST', '/files/new/grant?at=131072', 131_072],
    ['POST', '/files/new/grant?at=262144', 37_856],
  ]);
  t.equal(progress.length, 3);
  t.equal(progress.at(-1), 1);
});

test('whatever ends it early, the server is told to forget it', async (t) => {
  const refused = setUp(() => new Response('too much', { status: 413 }));
  await t.rejects(refused.run(), { code: 'file_too_large', message: 'too much' });
  for (const [status, code] of [
    [404, 'unknown_chat_file'],
    [429, 'rate_limited'],
    [502, 'unreachable'],
  ] as const)
    await t.rejects(setUp(() => new Response('', { status })).run(), { code });
  const broken = setUp(() => {
    throw new TypeError('network');
  });
  await t.rejects(broken.run(), { code: 'unreachable' });
  const cancelled = setUp((at, { signal }) => {
    cancelled.abort.abort();
    signal?.throwIfAborted();
    return taken(at);
  });
  await t.rejects(cancelled.run(), { name: 'AbortError' });
  for (const { requests } of [refused, broken, cancelled]) t.equal(requests.at(-1)?.[0], 'DELETE');
});

test('without a place nothing is sent', async (t) => {
  const { requests } = setUp(taken);
  const offer = async () => {
    throw new Error('no place');
  };
  const signal = new AbortController().signal;
  await t.rejects(upload({ name: 'x', content: CONTENT }, { offer, onProgress: () => {}, signal }), /no place/);
  t.same(requests, []);
});
