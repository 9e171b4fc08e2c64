/** Listens at a Unix socket (unix(7)), which is a file that a server which dies leaves behind. */
import { once } from 'node:events';
import { chmodSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { StartError } from './start-error.ts';

const CHOOSE = 'Choose another with --unix-socket.';

/**
 * Until the socket has its permissions, it has another name beside `path`. Replaces the socket of a server that is gone,
 * and removes its own when `server` closes. Rejects with `StartError`.
 * @param mode permissions
 */
export async function listenAtUnixSocket(server: Server, path: string, mode: number): Promise<void> {
  await checkUnixSocket(path);
  const unready = `${path}.${process.pid}`;
  try {
    rmSync(unready, { force: true });
    server.listen(unready);
    await once(server, 'listening');
    chmodSync(unready, mode);
    const { dev, ino } = lstatSync(unready);
    server.once('close', () => remove(path, { dev, ino }));
    renameSync(unready, path);
  } catch (error) {
    server.close();
    throw socketError(error, path);
  }
}

/**
 * Resolves to whether something is there that can be replaced, and rejects with `StartError` if it cannot: a socket at
 * which a server listens, or something else.
 */
export async function checkUnixSocket(path: string): Promise<'free' | 'left behind'> {
  if (statOf(dirname(path)) === undefined) throw socketError(undefined, path, 'its directory does not exist');
  const there = statOf(path);
  if (there === undefined) return 'free';
  if (!there.isSocket())
    throw new StartError(`${path} cannot be a Unix socket: something else has this name. ${CHOOSE}`, undefined);
  const socket = connect(path).on('error', () => {});
  try {
    await once(socket, 'connect');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: it has just been removed.
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'left behind';
    throw socketError(error, path);
  } finally {
    socket.destroy();
  }
  throw new StartError(`Another server listens at the Unix socket ${path}. ${CHOOSE}`, undefined);
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw socketError(error, path);
  }
}

/** Another server may have replaced it, and whoever gave up root may no longer be allowed to. */
function remove(path: string, own: Pick<Stats, 'dev' | 'ino'>): void {
  try {
    const there = lstatSync(path);
    if (there.dev === own.dev && there.ino === own.ino) rmSync(path);
  } catch {
    // The next server replaces it.
  }
}

function socketError(error: unknown, path: string, reason = reasonInWords(error as NodeJS.ErrnoException)): StartError {
  return new StartError(`The Unix socket ${path} cannot be opened: ${reason}. ${CHOOSE}`, error);
}

function reasonInWords({ code, message }: NodeJS.ErrnoException): string {
  const isForbidden = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return isForbidden ? 'this user may not use its directory, or the socket that is there' : message;
}
