import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** What one attempt costs. */
export interface PasswordCost {
  /** Binary logarithm of the cost (RFC 7914, parameter N). */
  readonly logN: number;
  /** Block size, parameter r. */
  readonly r: number;
  /** Parallelism, parameter p. */
  readonly p: number;
}

/** A stored password hash, from which the password cannot be recovered. */
export interface PasswordHash extends PasswordCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** One attempt takes 32 MiB and about 80 ms of a core. */
const COST: PasswordCost = { logN: 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PREFIX = 'scrypt:';
const FORM = /^scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):([\w-]{16,128}):([\w-]{22,128})$/;
/** Memory limit for verifying one hash from the configuration. */
const MAX_MEMORY_BYTES = 128 * 1024 * 1024;

/** Passwords that look the same are the same, however the keyboard composed them. */
export function normalPassword(password: string): string {
  return password.normalize('NFKC');
}

/** Whether the text looks like a hash, well formed or not. */
export function looksHashed(text: string): boolean {
  return text.startsWith(PREFIX);
}

/**
 * Parses `scrypt:LOGN:R:P:SALT:HASH`, salt and hash in base64url; undefined if it is invalid or needs too much memory.
 */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, logN, r, p, salt, hash] = FORM.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const parsed = {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
  const isSound = parsed.logN >= 10 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 16;
  return isSound && memoryBytes(parsed) <= MAX_MEMORY_BYTES ? parsed : undefined;
}

export function formatPasswordHash({ logN, r, p, salt, hash }: PasswordHash): string {
  return `${PREFIX}${logN}:${r}:${p}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/** Hashes with a new salt. */
export async function hashPassword(password: string, cost = COST): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return { ...cost, salt, hash: await derive(password, { ...cost, salt }, HASH_BYTES) };
}

/** A hash that matches no password. */
export function unmatchableHash(cost = COST): PasswordHash {
  return { ...cost, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
}

/** Takes the same time for wrong and right passwords. */
export async function isPasswordOf(kept: PasswordHash, password: string): Promise<boolean> {
  return timingSafeEqual(await derive(password, kept, kept.hash.length), kept.hash);
}

function derive(password: string, kept: Omit<PasswordHash, 'hash'>, bytes: number): Promise<Buffer> {
  const { logN, r, p, salt } = kept;
  const options: ScryptOptions = { N: 2 ** logN, r, p, maxmem: 2 * memoryBytes(kept) };
  return new Promise((resolve, reject) => {
    scrypt(normalPassword(password), salt, bytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** RFC 7914 section 2. */
function memoryBytes({ logN, r, p }: PasswordCost): number {
  return 128 * r * (2 ** logN + p);
}
