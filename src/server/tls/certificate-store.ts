/** Keys and certificates on disk. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Millis } from '../../lib/clock.ts';
import { readIfThere, writePrivate } from '../../lib/private-file.ts';
import { type Certificate, coversName, readCertificate } from './certificate.ts';

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
