/** Files in a bucket of an S3-compatible storage: written with signed requests, and looked at again before they count. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { AwsV4Signer } from 'aws4fetch';
import { type Clock, isoTime, type Millis } from '../../lib/clock.ts';

export interface S3BucketOptions {
  /** Of the bucket, with or without a folder in it. */
  readonly url: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
  readonly clock: Clock;
}

export type Content = { readonly path: string; readonly size: number } | { readonly bytes: Uint8Array };

interface Checksums {
  readonly size: number;
  readonly md5: Buffer;
  readonly sha256: string;
}

/** A request takes no longer than this, and what its bytes take at the lowest rate. */
const ANSWER_MS: Millis = 60_000;
const LOWEST_BYTES_PER_MS = 20;
/** Of an answer that says what is wrong: what is read, and what the operator is told. */
const MAX_ANSWER_LENGTH = 10_000;
const MAX_PROBLEM_LENGTH = 300;

export class S3Bucket {
  readonly #options: S3BucketOptions;

  constructor(options: S3BucketOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the storage has confirmed that it has exactly this, which is not sent again if it is there already.
   * Rejects with what went wrong, in words for the operator.
   * @param key names with `/` between them
   */
  async put(key: string, content: Content, signal: AbortSignal): Promise<void> {
    const sums = await checksumsOf(content);
    if ((await this.#look(key, sums, signal)) === 'same') return;
    const headers = {
      'Content-MD5': sums.md5.toString('base64'),
      'X-Amz-Content-Sha256': sums.sha256,
      'Content-Length': String(sums.size),
    };
    const { status, text } = await this.#request('PUT', key, headers, { content, size: sums.size, signal });
    if (status !== 200) throw new Error(`${key}: the storage answers ${status} ${problemIn(text)}`.trim());
    const found = await this.#look(key, sums, signal);
    if (found === 'hidden') throw new Error(`${key}: the storage does not show what it was sent (403)`);
    if (found !== 'same') throw new Error(`${key}: the storage does not have what it was sent`);
  }

  async #look(key: string, { size, md5 }: Checksums, signal: AbortSignal): Promise<'same' | 'other' | 'hidden'> {
    const { status, headers } = await this.#request('HEAD', key, {}, { size: 0, signal });
    if (status === 404) return 'other';
    // The answer for what is not there to somebody who may not list the bucket.
    if (status === 403) return 'hidden';
    if (status !== 200) throw new Error(`${key}: the storage answers ${status}`);
    // With encryption by the storage, the tag is not the checksum.
    const isEncrypted = headers.has('x-amz-server-side-encryption');
    const tag = headers.get('etag')?.replace(/^"|"$/g, '');
    const isSame = Number(headers.get('content-length')) === size && (isEncrypted || tag === md5.toString('hex'));
    return isSame ? 'same' : 'other';
  }

  async #request(
    method: 'HEAD' | 'PUT',
    key: string,
    headers: Readonly<Record<string, string>>,
    { content, size, signal }: { readonly content?: Content; readonly size: number; readonly signal: AbortSignal },
  ) {
    const { url, region, keyId, secret, clock } = this.#options;
    const path = key.split('/').map(encodeURIComponent).join('/');
    const signer = new AwsV4Signer({
      method,
      url: `${url.replace(/\/$/, '')}/${path}`,
      headers,
      region,
      service: 's3',
      accessKeyId: keyId,
      secretAccessKey: secret,
      datetime: isoTime(clock.wallNow()).replace(/[:-]|\.\d{3}/g, ''),
    });
    const signed = await signer.sign();
    const timeout = new AbortController();
    const limitMs = ANSWER_MS + size / LOWEST_BYTES_PER_MS;
    const cancel = clock.setTimer(clock.now() + limitMs, () => timeout.abort(new Error('it takes too long')));
    const file = content !== undefined && 'path' in content && size > 0 ? openFile(content) : undefined;
    const body = file === undefined ? bytesOf(content) : (Readable.toWeb(file) as ReadableStream);
    try {
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        redirect: 'manual',
        duplex: 'half',
        ...(body !== undefined && { body }),
        signal: AbortSignal.any([signal, timeout.signal]),
      });
      return { status: response.status, headers: response.headers, text: await beginningOf(response) };
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`${key}: the storage cannot be reached (${causeOf(error)})`);
    } finally {
      cancel();
      // The storage may have answered before it has taken everything, or answer without end.
      timeout.abort();
      file?.destroy();
    }
  }
}

function openFile({ path, size }: { readonly path: string; readonly size: number }): Readable {
  return createReadStream(path, { end: size - 1 });
}

/** Undefined: the request has no body. */
function bytesOf(content: Content | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (content === undefined) return undefined;
  return 'bytes' in content ? content.bytes.slice() : new Uint8Array(0);
}

async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(piece, { stream: true });
    if (text.length >= MAX_ANSWER_LENGTH) break;
  }
  return text.slice(0, MAX_ANSWER_LENGTH);
}

async function checksumsOf(content: Content): Promise<Checksums> {
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  let size = 0;
  const pieces = 'bytes' in content ? [content.bytes] : createReadStream(content.path, { end: content.size });
  for await (const piece of pieces as AsyncIterable<Uint8Array>) {
    size += piece.length;
    md5.update(piece);
    sha256.update(piece);
  }
  if ('path' in content && size !== content.size) throw new Error(`${basename(content.path)} has changed`);
  return { size, md5: md5.digest(), sha256: sha256.digest('hex') };
}

/** The code in an answer such as `<Error><Code>NoSuchBucket</Code>…`, or its beginning. */
function problemIn(text: string): string {
  return /<Code>(\w{1,100})<\/Code>/.exec(text)?.[1] ?? text.slice(0, MAX_PROBLEM_LENGTH);
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
