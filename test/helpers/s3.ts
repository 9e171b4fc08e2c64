import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** What this uses of s3rver, which has no types. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

const BUCKET = 'voices';
export const S3_KEY = { keyId: 'S3RVER', secret: 'S3RVER' } as const;

/** An S3-compatible storage with one bucket. It knows the key, but does not check signatures of version 4. */
export async function startS3(t: Test, port = 0) {
  const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;
  const directory = mkdtempSync(join(tmpdir(), 'partyline-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port,
    directory,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET }],
  });
  const address = await server.run();
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  };
  t.teardown(close);
  return { url: `http://127.0.0.1:${address.port}/${BUCKET}`, port: address.port, close };
}
