import { createHash } from 'node:crypto';
import { extname } from 'node:path';

/** Content codings (RFC 9110 section 8.4.1), most compact first. */
const CODINGS = { br: '.br', gzip: '.gz' } as const;
type Coding = keyof typeof CODINGS;
const CODING_NAMES = Object.keys(CODINGS) as Coding[];

/** One encoding of an asset. */
export interface Representation {
  readonly body: Buffer;
  /** Undefined: uncompressed. */
  readonly coding: Coding | undefined;
  /** RFC 9110 section 8.8.3, including its quotes. Each representation has its own. */
  readonly etag: string;
}

export interface Asset {
  /** Uncompressed, and compressed if the build did that. */
  readonly representations: readonly Representation[];
  readonly contentType: string;
  /** The name contains a hash of the content, so the content never changes. */
  readonly immutable: boolean;
  /** Pages of other sites may load it. */
  readonly isShared: boolean;
}

/** The page's files by their URL path, such as `/index.html`. */
export type Assets = ReadonlyMap<string, Asset>;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'application/typescript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** The client library. Nothing else is of use to other sites. */
const SHARED: ReadonlySet<string> = new Set([
  ...['/sdk.js', '/sdk.js.map', '/sdk.d.ts', '/embed.js', '/embed.js.map'],
  ...['/websocket-media.js', '/websocket-media.js.map'],
]);

/** esbuild's format: `main-K2QXVTEJ.js`, `main-K2QXVTEJ.js.map` */
const HASHED_NAME = /-[A-Z0-9]{8}\.\w+(\.map)?$/;

/**
 * The page's assets from its files by path. FILE.br and FILE.gz are compressed representations of FILE. Throws if
 * `index.html` is missing.
 */
export function createAssets(files: ReadonlyMap<string, Buffer>): Assets {
  if (!files.has('index.html')) throw new Error("there is no index.html among the page's files");
  const suffixes: readonly string[] = Object.values(CODINGS);
  const isOther = (path: string) => suffixes.some((end) => path.endsWith(end) && files.has(path.slice(0, -end.length)));
  const assets = [...files].filter(([path]) => !isOther(path));
  return new Map(
    assets.map(([path, body]) => {
      const compressed = CODING_NAMES.map((coding) => [coding, files.get(path + CODINGS[coding])] as const);
      return [`/${path}`, createAsset(`/${path}`, body, new Map(compressed))];
    }),
  );
}

/** An asset at a path, with its compressed representations. */
export function createAsset(
  path: string,
  body: Buffer,
  compressed: ReadonlyMap<Coding, Buffer | undefined> = new Map(),
): Asset {
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  const others = [...compressed].flatMap(([coding, bytes]) =>
    bytes === undefined ? [] : [{ body: bytes, coding, etag: `"${tag}-${coding}"` }],
  );
  return {
    representations: [{ body, coding: undefined, etag: `"${tag}"` }, ...others],
    contentType: CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    immutable: HASHED_NAME.test(path),
    isShared: SHARED.has(path),
  };
}

/**
 * The representation that the client prefers by its `Accept-Encoding` (RFC 9110 section 12.5.3), the smallest of
 * several; uncompressed if it accepts none of them.
 */
export function chooseRepresentation(
  { representations }: Asset,
  acceptEncoding: string | undefined,
): Representation | undefined {
  const weights = weightsOf(acceptEncoding ?? '');
  const weightOf = ({ coding }: Representation) =>
    coding === undefined ? (weights.get('identity') ?? 0.001) : (weights.get(coding) ?? weights.get('*') ?? 0);
  const [best] = representations
    .filter((form) => form.coding === undefined || weightOf(form) > 0)
    .sort((a, b) => weightOf(b) - weightOf(a) || a.body.length - b.body.length);
  return best;
}

function weightsOf(acceptEncoding: string): ReadonlyMap<string, number> {
  return new Map(
    acceptEncoding.split(',').map((item) => {
      const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight) || 0] as const;
    }),
  );
}
