import type { ErrorKind } from './errors.ts';

/** A part of `ERRORS`: what can go wrong with files in the chat, and with sounds that people share. */
export const SHARING_ERRORS = {
  files_off: { fault: 'user', httpStatus: 403, closeCode: null, message: 'This server takes no files for the chat.' },
  file_too_large: { fault: 'user', httpStatus: 413, closeCode: null, message: 'The file is too large.' },
  too_many_files: {
    fault: 'user',
    httpStatus: 429,
    closeCode: null,
    message: 'Too many files at the same time. Try again later.',
  },
  no_space_for_files: {
    fault: 'user',
    httpStatus: 507,
    closeCode: null,
    message: 'The server has no space for another file of this size right now. Try again later.',
  },
  unknown_chat_file: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This file does not exist, or no longer exists.',
  },
  too_many_shares: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'The maximum number of people already share sound in this room.',
  },
  owner_left: {
    fault: 'user',
    httpStatus: 409,
    closeCode: 4005,
    message: 'The person who shared this sound has left.',
  },
} as const satisfies Record<string, ErrorKind>;
