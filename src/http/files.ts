/**
 * Files of the chat over HTTP. They come in pieces, because a request may take no longer than some seconds, and leave as
 * what they are only if they are images that contain no program.
 */
import type { Context } from 'koa';
import { AppError } from '../lib/errors.ts';
import type { ChatFile } from '../protocol/chat.ts';
import { readBytes } from './request-body.ts';

/** What this needs to know about the files of the chats. */
export interface FileDoor {
  /** The most that one request may bring. */
  readonly maxPieceBytes: number;
  /** How much may still come with this grant. Throws `unknown_chat_file`. */
  missing(grant: string): number;
  /** Throws `unknown_chat_file` or `invalid_request`. Returns the file if it is complete. */
  append(grant: string, at: number, piece: Buffer): ChatFile | null;
  abandon(grant: string): void;
  /** @param key of somebody who may read it. Throws `unknown_chat_file`. */
  read(id: string, key: string): { readonly file: ChatFile; readonly content: Buffer };
}

const UPLOAD_PATH = /^\/files\/new\/([\w-]{1,64})$/;
const FILE_PATH = /^\/files\/([\w-]{1,64})$/;
const MAX_OFFSET = /^\d{1,12}$/;

/** A browser that opens it as a page runs nothing of it, and loads nothing. */
const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  // The address is a secret of the participant who reads it.
  'Cache-Control': 'private, max-age=3600, immutable',
};

/** Answers a request whose path begins with `/files/`. Throws `AppError`. */
export async function answerFile(context: Context, door: FileDoor): Promise<void> {
  const grant = UPLOAD_PATH.exec(context.path)?.[1];
  const id = FILE_PATH.exec(context.path)?.[1];
  const { method } = context;
  if (grant !== undefined && method === 'POST') await takePiece(context, door, grant);
  else if (grant !== undefined && method === 'DELETE') {
    door.abandon(grant);
    context.status = 204;
  } else if (id !== undefined && (method === 'GET' || method === 'HEAD')) giveFile(context, door, id);
  else throw new AppError('not_found');
}

async function takePiece(context: Context, door: FileDoor, grant: string): Promise<void> {
  const { at } = context.query;
  if (typeof at !== 'string' || !MAX_OFFSET.test(at)) throw new AppError('invalid_request');
  const most = Math.min(door.missing(grant), door.maxPieceBytes);
  let piece: Buffer | null;
  try {
    piece = await readBytes(context.req, most);
  } catch {
    // A client that breaks off does not come back, and others need the place.
    door.abandon(grant);
    throw new AppError('invalid_request');
  }
  if (piece === null) throw new AppError('request_too_large');
  if (piece.length === 0) throw new AppError('invalid_request');
  context.remove('Connection');
  context.set('Cache-Control', 'no-store');
  context.body = { file: door.append(grant, Number(at), piece) };
}

function giveFile(context: Context, door: FileDoor, id: string): void {
  const { key } = context.query;
  const { file, content } = door.read(id, typeof key === 'string' ? key : '');
  const isImage = file.type.startsWith('image/');
  context.set({
    ...HEADERS,
    'Content-Type': file.type,
    'Content-Disposition': `${isImage ? 'inline' : 'attachment'}; filename*=UTF-8''${encodedName(file.name)}`,
  });
  context.status = 200;
  context.body = content;
}

/** RFC 8187 section 3.2.1. */
function encodedName(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
