import type { ErrorKind } from './errors.ts';

/** The errors of bots; part of `ERRORS`. */
export const BOT_ERRORS = {
  bots_off: { fault: 'user', httpStatus: 403, closeCode: null, message: 'This server takes no bots.' },
  buffer_full: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Ten seconds of sound are waiting; what you send now is lost.',
  },
} as const satisfies Record<string, ErrorKind>;
