/** The topic of these messages between pages. The server passes them on like any other data. */
export const TOPIC = 'partyline.file';

/** The largest file: whoever receives it keeps it in memory until it is saved. */
export const MAX_FILE_BYTES = 512 * 1024 * 1024;
const MAX_NAME = 255;
const MAX_SDP = 3500;

/**
 * What two pages tell each other about one file. Neither learns the other's address before both have agreed: `offer` and
 * `accept` carry none.
 */
export type FileMessage =
  | { readonly kind: 'offer'; readonly transfer: string; readonly name: string; readonly size: number }
  | { readonly kind: 'accept' | 'refuse' | 'cancel'; readonly transfer: string }
  | { readonly kind: 'description'; readonly transfer: string; readonly sdp: string };

/** Null for anything that is no such message, or too large. */
export function parseFileMessage(payload: unknown): FileMessage | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { kind, transfer, name, size, sdp } = payload as Record<string, unknown>;
  if (typeof transfer !== 'string' || !/^[\w-]{1,40}$/.test(transfer)) return null;
  switch (kind) {
    case 'accept':
    case 'refuse':
    case 'cancel':
      return { kind, transfer };
    case 'description':
      return typeof sdp === 'string' && sdp.length <= MAX_SDP ? { kind, transfer, sdp } : null;
    case 'offer':
      if (typeof name !== 'string' || name.length > 4 * MAX_NAME) return null;
      if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > MAX_FILE_BYTES) return null;
      return { kind, transfer, name: fileName(name), size: size as number };
    default:
      return null;
  }
}

/**
 * A name without folders and without characters that could hide how it ends: controls, and marks that change the
 * direction of the text (Unicode TR 9).
 */
export function fileName(name: string): string {
  const plain = (name.split(/[/\\]/).at(-1) ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  return plain.slice(0, MAX_NAME) || 'file';
}

/** The description of a data channel, with as many candidates as fit. The least preferred come last, and go first. */
export function shortened(sdp: string): string {
  const lines = sdp.trimEnd().split('\r\n');
  const text = () => `${lines.join('\r\n')}\r\n`;
  while (text().length > MAX_SDP) {
    const last = lines.findLastIndex((line) => line.startsWith('a=candidate:'));
    if (last < 0) break;
    lines.splice(last, 1);
  }
  return text();
}
