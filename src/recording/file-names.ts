/** Names of files and folders, which never contain anything that a client chose except letters, digits and hyphens. */

const MAX_NAME = 40;
const ID = /^[0-9a-f]{16}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export const MANIFEST = 'manifest.json';
export const EVENTS = 'events.jsonl';
export const MIX = 'mix.opus';
/** Given up when the disk is full, so that the manifest still fits. */
export const RESERVE = '.reserve';

/**
 * The file of the n-th participant: their number, and what can be kept of their name. The manifest has the whole name.
 */
export function trackFileName(number: number, name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  // Cut between code points, and short enough for any file system in UTF-8.
  const kept = [...plain].slice(0, MAX_NAME).join('');
  return `${String(number).padStart(2, '0')}${kept === '' ? '' : `-${kept}`}.opus`;
}

export function isRecordingId(text: string): boolean {
  return ID.test(text);
}

/** Whether a folder may be one that `dayOf` names. */
export function isDay(text: string): boolean {
  return DAY.test(text);
}

/** @param isoTime a time in ISO 8601 */
export function dayOf(isoTime: string): string {
  return isoTime.slice(0, 10);
}
