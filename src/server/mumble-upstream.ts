/** Rooms that are coupled with another Mumble server: their settings, and the secret of people's certificates there. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { type CoupledRoom, MumbleUpstream } from '../gateways/mumble-upstream/control.ts';
import type { UpstreamOptions, UpstreamSettings } from '../gateways/mumble-upstream/upstream.ts';
import { parseEndpoint } from '../lib/net/host-port.ts';
import { readIfThere, writePrivate } from '../lib/private-file.ts';
import { roomKey, roomName } from '../rooms/names.ts';
import { mumbleError, settingsError } from './start-error.ts';

export const MUMBLE_PORT = 64_738;
const SECRET_FILE = 'mumble-upstream.secret';
const SECRET_BYTES = 32;
const SECRET = /^[\da-f]{64}$/;

/** Where the other server is, and how it proves that it is; undefined if there is none. */
export function upstreamServer(config: Config): UpstreamSettings['server'] | undefined {
  const endpoint = parseEndpoint(config.mumbleUpstream);
  if (endpoint === null) return undefined;
  const pins = config.mumbleUpstreamCertificate.map((pin) => pin.replaceAll(':', '').toLowerCase());
  return { host: endpoint.host, port: endpoint.port ?? MUMBLE_PORT, pins };
}

/** Throws `StartError` for a room that cannot have this name, and for what is coupled twice. */
export function coupledRooms({ mumbleUpstreamRooms }: Config): readonly CoupledRoom[] {
  const used = new Set<string>();
  return mumbleUpstreamRooms.map((text) => {
    const [given = '', channel = given] = text.split(/=(.*)/s).map((part) => part.trim());
    const room = nameOf(given);
    const path = channel
      .split('/')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    for (const key of [`room ${roomKey(room)}`, `channel ${path.join('/').toLowerCase()}`]) {
      if (used.has(key)) throw unusable(`"${text}" couples a room or a channel that is coupled already.`);
      used.add(key);
    }
    return { room, path };
  });
}

/** Connects to the other Mumble server; undefined if there is none. Rejects with `StartError`. */
export async function startMumbleUpstream(
  config: Config,
  options: Omit<UpstreamOptions, 'settings' | 'random'>,
): Promise<MumbleUpstream | undefined> {
  const server = upstreamServer(config);
  if (server === undefined) return undefined;
  const settings: UpstreamSettings = {
    server,
    password: config.mumbleUpstreamPassword,
    name: config.mumbleUpstreamName,
    maxPeople: config.mumbleUpstreamPeople,
    secret: await keptSecret(config),
  };
  const upstream = new MumbleUpstream(
    { ...options, settings, random: Math.random },
    coupledRooms(config),
    config.mumbleUpstreamConnects,
  );
  upstream.start();
  return upstream;
}

/** As long as it is kept, the other server knows people by the same certificates. */
async function keptSecret({ dataDir }: Config): Promise<Uint8Array> {
  const file = join(dataDir, SECRET_FILE);
  try {
    const kept = (await readIfThere(file))?.trim();
    if (kept !== undefined) {
      if (!SECRET.test(kept)) throw new Error(`${file} is damaged`);
      return Buffer.from(kept, 'hex');
    }
    const secret = randomBytes(SECRET_BYTES);
    await writePrivate(file, `${secret.toString('hex')}\n`);
    return secret;
  } catch (error) {
    throw mumbleError(error, 'The secret of certificates cannot be kept: set data-dir.');
  }
}

function nameOf(room: string): string {
  try {
    return roomName(room);
  } catch (error) {
    throw unusable(`the room "${room}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unusable(reason: string): Error {
  return settingsError(new Error(`mumble-upstream-rooms cannot be used: ${reason}`));
}
