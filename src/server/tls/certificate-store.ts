/** Keys and certificates on disk, readable only by the server's user and never half written. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Millis } from '../../lib/clock.ts';
import { type Certificate, coversName, readCertificate } from './certificate.ts';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** The text of a file; undefined if it does not exist. Rejects if it cannot be read. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Afterwards the file contains either `text` or its previous content, even after a power failure. */
export async function writePrivate(file: string, text: string): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  const draft = join(directory, `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeAndSync(draft, text);
    await rename(draft, file);
    await syncDirectory(directory);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Key and certificate share a file, so that they always match. */
export async function storeCertificate(file: string, { keyPem, chainPem }: Certificate): Promise<void> {
  await writePrivate(file, `${keyPem.trim()}\n${chainPem.trim()}\n`);
}

/** Loads what `storeCertificate` wrote; undefined if it is missing or unusable. */
export async function loadCertificate(file: string): Promise<Certificate | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const [keyPem = ''] = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/.exec(text) ?? [];
  try {
    return readCertificate({ keyPem: `${keyPem}\n`, chainPem: text.replace(keyPem, '').trimStart() });
  } catch {
    return undefined;
  }
}

/**
 * Among the certificates stored in a directory, the one that covers most of these names and, of several, the one that
 * is valid longest. Undefined if none is valid at `nowMs` (in milliseconds since 1970) and covers one of them.
 */
export async function loadBestCertificate(
  directory: string,
  names: readonly string[],
  nowMs: Millis,
): Promise<Certificate | undefined> {
  const files = (await namesIn(directory)).filter((name) => name.endsWith('.pem'));
  const all = await Promise.all(files.map((name) => loadCertificate(join(directory, name))));
  const covered = (certificate: Certificate) => names.filter((name) => coversName(certificate, name)).length;
  const [best] = all
    .filter((certificate) => certificate !== undefined)
    .filter((certificate) => nowMs < certificate.notAfterMs && covered(certificate) > 0)
    .sort((a, b) => covered(b) - covered(a) || b.notAfterMs - a.notAfterMs);
  return best;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function writeAndSync(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
