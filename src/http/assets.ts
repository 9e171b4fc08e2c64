import { createHash } from 'node:crypto';
import { extname } from 'node:path';

export interface Asset {
  readonly body: Buffer;
  readonly contentType: string;
  /** RFC 9110 section 8.8.3, with its quotes. */
  readonly etag: string;
  /** The name holds a hash of the content, so that what is under it never changes. */
  readonly immutable: boolean;
}

/** The files of the page by their path in the address, such as `/index.html`. */
export type Assets = ReadonlyMap<string, Asset>;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** As esbuild writes it: `main-K2QXVTEJ.js`, `main-K2QXVTEJ.js.map` */
const HASHED_NAME = /-[A-Z0-9]{8}\.\w+(\.map)?$/;

/** The page, from its files by their path in it. Throws if `index.html` is not among them. */
export function createAssets(files: ReadonlyMap<string, Buffer>): Assets {
  if (!files.has('index.html')) throw new Error('there is no index.html among the files of the page');
  return new Map([...files].map(([path, body]) => [`/${path}`, createAsset(`/${path}`, body)]));
}

/** The asset at a path, from its content. */
export function createAsset(path: string, body: Buffer): Asset {
  return {
    body,
    contentType: CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    immutable: HASHED_NAME.test(path),
  };
}
