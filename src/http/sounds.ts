/** The sounds that people with the right may play to their room, from a board on the page. */
import type { Context } from 'koa';
import { AppError } from '../lib/errors.ts';
import { readBytes } from './request-body.ts';

/** Every method throws or rejects with `unknown_participant` or `not_allowed` if the key is not of somebody with the right. */
export interface SoundDoor {
  list(room: string, key: string): Promise<readonly string[]>;
  play(room: string, key: string, file: string): Promise<void>;
  /** Ends everything that is played to the room. */
  stop(room: string, key: string): void;
}

const METHODS = 'GET, POST, DELETE';
const MAX_BODY_BYTES = 1024;

/** Answers a request to `/sounds`. Throws `AppError`. */
export async function answerSounds(context: Context, door: SoundDoor): Promise<void> {
  const { room, key } = context.query;
  if (typeof room !== 'string' || typeof key !== 'string') throw new AppError('invalid_request');
  context.set('Cache-Control', 'no-store');
  switch (context.method) {
    case 'GET':
      context.body = { sounds: await door.list(room, key) };
      return;
    case 'POST': {
      const body = await readBytes(context.req, MAX_BODY_BYTES);
      if (body === null) throw new AppError('request_too_large');
      await door.play(room, key, fileIn(body));
      context.status = 204;
      return;
    }
    case 'DELETE':
      door.stop(room, key);
      context.status = 204;
      return;
    default:
      context.set('Allow', METHODS);
      throw new AppError('method_not_allowed');
  }
}

/** `{"file": "gong.opus"}` */
function fileIn(body: Buffer): string {
  let given: unknown;
  try {
    given = JSON.parse(body.toString('utf8'));
  } catch {
    throw new AppError('invalid_request');
  }
  const file = typeof given === 'object' && given !== null && 'file' in given ? given.file : undefined;
  if (typeof file !== 'string') throw new AppError('invalid_request');
  return file;
}
