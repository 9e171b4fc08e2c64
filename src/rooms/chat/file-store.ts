/**
 * The files of all chats, in memory only. A client asks for a grant, which takes a place of that size, uploads the file in
 * pieces with it, and then writes a line with the file. Files that are incomplete, unsent or old are forgotten.
 */
import { randomBytes } from 'node:crypto';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import type { ChatFile } from '../../protocol/chat.ts';
import { fileName } from './file-name.ts';
import { imageType } from './image-type.ts';

export interface FileLimits {
  /** The largest file; 0: there are none. */
  readonly maxBytes: number;
  /** All files together. */
  readonly maxTotalBytes: number;
  /** From the line on with which they were sent. */
  readonly keptMinutes: number;
}

export interface FileStoreOptions {
  readonly limits: FileLimits;
  readonly clock: Clock;
  readonly limitCounts: LimitCounts;
}

/** Whose file it is. */
export interface FileSender {
  /** The id of the participant. */
  readonly id: string;
  /** As limits count it. */
  readonly address: string;
}

export interface StoredFile {
  readonly file: ChatFile;
  readonly content: Buffer;
}

export interface FileFigures {
  readonly files: number;
  /** With what is promised to uploads. */
  readonly bytes: number;
  /** Since the start. */
  readonly received: number;
}

type Progress =
  /** `content` has the size of the whole file, and is filled up to `received`. */
  | { readonly status: 'arriving'; readonly content: Buffer | null; readonly received: number }
  | { readonly status: 'complete'; readonly content: Buffer }
  /** Written into the chat of a room, whose key this is; for these participants alone if it is not null. */
  | {
      readonly status: 'sent';
      readonly content: Buffer;
      readonly room: string;
      readonly readers: ReadonlySet<string> | null;
    };

interface Entry {
  readonly grant: string;
  readonly sender: FileSender;
  file: ChatFile;
  progress: Progress;
  cancel: Cancel;
}

/** 128 bits, which nobody guesses. */
const SECRET_BYTES = 16;
/** One piece of an upload; a slow connection of 200 kb/s needs ten seconds for it. */
export const MAX_PIECE_BYTES = 262_144;
/** From one piece to the next, and from the last one to the line. */
const PATIENCE_MS: Millis = 60_000;
/** Of one participant. */
const MAX_UPLOADS = 4;
/** Of everybody at one address. */
const MAX_FILES_OF_ADDRESS = 64;
/** Of the space for all files, so that others have some left. */
const MAX_SHARE_OF_ADDRESS = 0.5;
const MINUTE_MS: Millis = 60_000;

export class FileStore {
  readonly #options: FileStoreOptions;
  /** By the id of the file. */
  readonly #files = new Map<string, Entry>();
  /** Those that are arriving, by grant. */
  readonly #uploads = new Map<string, Entry>();
  #bytes = 0;
  #received = 0;

  constructor(options: FileStoreOptions) {
    this.#options = options;
  }

  get limits(): FileLimits {
    return this.#options.limits;
  }

  get figures(): FileFigures {
    return { files: this.#files.size, bytes: this.#bytes, received: this.#received };
  }

  /**
   * Promises a place, and returns the grant with which the file is uploaded. Throws `files_off`, `file_too_large`,
   * `too_many_files` or `no_space_for_files`.
   */
  offer(sender: FileSender, { name, bytes }: { readonly name: string; readonly bytes: number }): string {
    const { maxBytes, maxTotalBytes } = this.limits;
    if (maxBytes === 0) throw new AppError('files_off');
    if (bytes > maxBytes) throw new AppError('file_too_large', `The limit is ${maxBytes} bytes.`);
    this.#checkShare(sender, bytes);
    if (this.#bytes + bytes > maxTotalBytes) {
      this.#options.limitCounts.hit('chat_file_bytes');
      throw new AppError('no_space_for_files');
    }
    const [grant, id] = [secret(), secret()];
    const entry: Entry = {
      grant,
      sender,
      file: { id, name: fileName(name), bytes, type: 'application/octet-stream' },
      progress: { status: 'arriving', content: null, received: 0 },
      cancel: () => {},
    };
    this.#bytes += bytes;
    this.#files.set(id, entry);
    this.#uploads.set(grant, entry);
    this.#forgetIn(PATIENCE_MS, entry);
    return grant;
  }

  /** How much of an upload may still come. Throws `unknown_chat_file`. */
  missing(grant: string): number {
    const { file, received } = this.#arriving(grant);
    return file.bytes - received;
  }

  /**
   * Takes the next piece of an upload, which begins at this byte. Returns the file if it is complete now. Throws
   * `unknown_chat_file` or `invalid_request`.
   */
  append(grant: string, at: number, piece: Buffer): ChatFile | null {
    const { entry, file, content: begun, received } = this.#arriving(grant);
    if (at !== received || piece.length > file.bytes - received)
      throw new AppError('invalid_request', `${received} of ${file.bytes} bytes have arrived.`);
    const content = begun ?? Buffer.allocUnsafeSlow(file.bytes);
    piece.copy(content, received);
    this.#forgetIn(PATIENCE_MS, entry);
    if (received + piece.length < file.bytes) {
      entry.progress = { status: 'arriving', content, received: received + piece.length };
      return null;
    }
    this.#uploads.delete(grant);
    entry.file = { ...file, type: imageType(content) ?? file.type };
    entry.progress = { status: 'complete', content };
    this.#received++;
    return entry.file;
  }

  /** The upload is given up; does nothing if there is none. */
  abandon(grant: string): void {
    const entry = this.#uploads.get(grant);
    if (entry !== undefined) this.#forget(entry);
  }

  /**
   * The sender has written a line with this file. `readers`: only they may read it; null for everyone in the room. Throws
   * `unknown_chat_file`.
   */
  send(senderId: string, fileId: string, room: string, readers: ReadonlySet<string> | null): ChatFile {
    const entry = this.#sendable(senderId, fileId);
    if (entry.progress.status !== 'complete') throw new AppError('unknown_chat_file');
    entry.progress = { status: 'sent', content: entry.progress.content, room, readers };
    this.#forgetIn(this.limits.keptMinutes * MINUTE_MS, entry);
    return entry.file;
  }

  /** Throws `unknown_chat_file` if the participant has not uploaded it, or has written a line with it already. */
  checkSendable(senderId: string, fileId: string): void {
    this.#sendable(senderId, fileId);
  }

  /** @param mayRead whether the request comes from a participant in this room, one of `readers` if it is not null */
  read(fileId: string, mayRead: (room: string, readers: ReadonlySet<string> | null) => boolean): StoredFile {
    const entry = this.#files.get(fileId);
    if (entry?.progress.status !== 'sent' || !mayRead(entry.progress.room, entry.progress.readers))
      throw new AppError('unknown_chat_file');
    return { file: entry.file, content: entry.progress.content };
  }

  /** The line with it is deleted. */
  delete(fileId: string): void {
    const entry = this.#files.get(fileId);
    if (entry !== undefined) this.#forget(entry);
  }

  /** A participant has left: what they have not sent yet is of no use. */
  senderLeft(senderId: string): void {
    for (const entry of this.#files.values())
      if (entry.sender.id === senderId && entry.progress.status !== 'sent') this.#forget(entry);
  }

  /** The room has closed, or has no chat any more. */
  forgetRoom(room: string): void {
    for (const entry of this.#files.values())
      if (entry.progress.status === 'sent' && entry.progress.room === room) this.#forget(entry);
  }

  close(): void {
    for (const entry of this.#files.values()) this.#forget(entry);
  }

  #arriving(grant: string) {
    const entry = this.#uploads.get(grant);
    if (entry?.progress.status !== 'arriving') throw new AppError('unknown_chat_file');
    return { entry, file: entry.file, content: entry.progress.content, received: entry.progress.received };
  }

  #sendable(senderId: string, fileId: string): Entry {
    const entry = this.#files.get(fileId);
    if (entry?.progress.status !== 'complete' || entry.sender.id !== senderId) throw new AppError('unknown_chat_file');
    return entry;
  }

  #checkShare({ id, address }: FileSender, bytes: number): void {
    let [uploads, files, bytesOfAddress] = [0, 0, bytes];
    for (const { sender, progress, file } of this.#files.values()) {
      if (sender.id === id && progress.status !== 'sent') uploads++;
      if (sender.address !== address) continue;
      files++;
      bytesOfAddress += file.bytes;
    }
    // One file may always be as large as the limit for files allows.
    const isFair = files === 0 || bytesOfAddress <= this.limits.maxTotalBytes * MAX_SHARE_OF_ADDRESS;
    if (uploads < MAX_UPLOADS && files < MAX_FILES_OF_ADDRESS && isFair) return;
    this.#options.limitCounts.hit('chat_files');
    throw new AppError('too_many_files');
  }

  #forgetIn(ms: Millis, entry: Entry): void {
    const { clock } = this.#options;
    entry.cancel();
    entry.cancel = clock.setTimer(clock.now() + ms, () => this.#forget(entry));
  }

  #forget(entry: Entry): void {
    if (!this.#files.delete(entry.file.id)) return;
    entry.cancel();
    this.#uploads.delete(entry.grant);
    this.#bytes -= entry.file.bytes;
  }
}

function secret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}
