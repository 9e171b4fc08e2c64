import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { type EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which systems pick ports on request (Linux: from 32768), so that nobody is given this one in the
 * meantime; and above the last one that browsers and `fetch` refuse, 10080.
 */
const FIRST_PORT = 10_081;
const END_PORT = 32_768;
const ATTEMPTS = 100;

/**
 * Returns a port number that nobody currently uses, neither for TCP nor for UDP, at any IPv4 address of this machine.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if ((await isTcpPortFree(port)) && (await isUdpPortFree(port))) return port;
  }
  throw new Error(`no free port was found in ${ATTEMPTS} attempts`);
}

async function isTcpPortFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '0.0.0.0');
  const isFree = await isBound(server);
  server.close();
  return isFree;
}

async function isUdpPortFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.bind(port, '0.0.0.0');
  const isFree = await isBound(socket);
  socket.close();
  return isFree;
}

/** Resolves with false if it fails. */
function isBound(opening: EventEmitter): Promise<boolean> {
  return once(opening, 'listening').then(
    () => true,
    () => false,
  );
}
