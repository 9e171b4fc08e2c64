/** Starts the helper: `npm run example:mumble-link`, with `-- --help` for the flags. */
import { parseArgs } from 'node:util';
import type { WebSocket } from 'ws';
import { servePage } from '../page-server.ts';
import { LinkWatch, linkPath, readLink } from './link-memory.ts';
import type { HelperMessage } from './messages.ts';

const USAGE = `npm run example:mumble-link -- --server URL --room NAME [FLAGS]
  --server URL    the voice server: https://voice.example.org
  --room NAME     its room
  --token TOKEN   a join token, if the room needs one
  --port PORT     of the page; 3001 by default, 0 for any free one
  --memory FILE   another place than /dev/shm/MumbleLink.UID
`;
/** The voice server accepts this many poses a second. */
const READ_MS = 50;
/** The page sends nothing. */
const MAX_MESSAGE_BYTES = 1;

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    room: { type: 'string' },
    token: { type: 'string' },
    port: { type: 'string', default: '3001' },
    memory: { type: 'string', default: linkPath(process.getuid?.() ?? 0) },
    help: { type: 'boolean', default: false },
  },
});
const { server, room, token, memory } = values;
if (values.help || server === undefined || room === undefined) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
const page = await servePage(new URL('page/', import.meta.url), 'link', Number(values.port));
const sockets = new Set<WebSocket>();
const watch = new LinkWatch();
let last = '';

function tell(socket: WebSocket, message: HelperMessage): void {
  socket.send(JSON.stringify(message));
}

page.acceptSockets(MAX_MESSAGE_BYTES, (socket) => {
  const url = `${server.replace(/^http/, 'ws').replace(/\/$/, '')}/ws`;
  tell(socket, { type: 'voice', url, room, ...(token !== undefined && { token }) });
  if (last !== '') socket.send(last);
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
});
setInterval(() => {
  const state: HelperMessage = { type: 'game', state: watch.see(readLink(memory), performance.now()) };
  const text = JSON.stringify(state);
  if (text === last) return;
  last = text;
  // A page that reads too slowly gets the newest position when it catches up.
  for (const socket of sockets) if (socket.bufferedAmount === 0) socket.send(text);
}, READ_MS);
console.log(`Open ${page.url}`);
