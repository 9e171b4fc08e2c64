/** The page at a Unix socket, for a reverse proxy on the same machine. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { ValueKind } from './kinds.ts';
import { setting } from './setting.ts';

/** `sun_path` has 108 bytes (unix(7)). The rest is for the name that the socket has until it is ready. */
const MAX_PATH_BYTES = 96;

/** Part of `SETTINGS`. */
export const UNIX_SOCKET_SETTINGS = {
  unixSocket: setting(socketPath(), {
    default: '',
    help: 'Unix socket for the page and the WebSocket, instead of host and port. For a reverse proxy on the same machine; connections count as from 127.0.0.1.',
  }),
  unixSocketMode: setting(mode(), {
    default: '660',
    help: 'Permissions of unix-socket in octal. Whoever may write to it may connect.',
  }),
};

function socketPath(): ValueKind<string> {
  return {
    schema: z.string().refine((text) => text === '' || isSocketPath(text)),
    fromText: (text) => text,
    allowed: `an absolute path of at most ${MAX_PATH_BYTES} bytes`,
    placeholder: 'PATH',
  };
}

function isSocketPath(text: string): boolean {
  return isAbsolute(text) && !text.endsWith('/') && !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= MAX_PATH_BYTES;
}

function mode(): ValueKind<string> {
  return {
    schema: z.string().regex(/^0?[0-7]{3}$/),
    fromText: (text) => text,
    allowed: 'permissions in octal, such as 660 or 666, as a text',
    placeholder: 'MODE',
  };
}
