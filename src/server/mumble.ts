/** Mumble clients in the server: their settings, and the certificate that they are shown. */
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import type { Config } from '../config/config.ts';
import { MumbleGateway, type MumbleOptions, type MumbleSettings } from '../gateways/mumble/control.ts';
import { roomName } from '../rooms/names.ts';
import { mumbleError, mumbleListenError, settingsError } from './start-error.ts';
import { contextOptions } from './tls/certificate.ts';
import type { PageTls } from './tls/page-tls.ts';
import { localNames, storedSelfSigned } from './tls/self-signed.ts';

/** Throws `StartError` for a room that cannot have this name. */
export function mumbleSettings(config: Config): MumbleSettings {
  const { host, mumblePort: port, mumbleRooms: rooms, mumbleDefaultRoom, joinTimeoutMs } = config;
  const names = mumbleDefaultRoom === '' ? [] : [mumbleDefaultRoom];
  for (const name of [...rooms, ...names]) checkRoom(name);
  return {
    host,
    port,
    rooms,
    joinTimeoutMs,
    defaultRoom: names[0],
    serverName: config.mumbleName,
    welcome: config.mumbleWelcome,
    maxUsers: config.maxMumbleClients,
    listPing: config.mumbleListPing === 'on',
  };
}

function checkRoom(name: string): void {
  try {
    roomName(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw settingsError(
      new Error(`The room "${name}" of mumble-rooms or mumble-default-room cannot be used: ${reason}`),
    );
  }
}

/**
 * Opens the port for Mumble clients; undefined if Mumble is off. Clients remember a certificate that nobody vouches for,
 * so without one of the page a self-signed one is kept. Rejects with `StartError`.
 */
export async function startMumble(
  config: Config,
  options: Omit<MumbleOptions, 'settings'>,
  tls: PageTls | undefined,
): Promise<MumbleGateway | undefined> {
  if (config.mumble === 'off') return undefined;
  const certificate = tls?.context ?? (await ownCertificate(config, options));
  const gateway = new MumbleGateway({ ...options, settings: mumbleSettings(config) }, certificate);
  tls?.follow((context) => gateway.setCertificate(context));
  try {
    await gateway.listen();
  } catch (error) {
    gateway.close();
    throw mumbleListenError(error, config);
  }
  return gateway;
}

async function ownCertificate(
  { dataDir, host }: Config,
  { clock, log }: Omit<MumbleOptions, 'settings'>,
): Promise<SecureContextOptions> {
  const names = localNames(host === '0.0.0.0' || host === '::' ? [] : [host]);
  // Names may change without a new certificate, because clients do not compare them.
  const kept = { needed: [], also: [...names.needed, ...names.also] };
  try {
    return contextOptions(await storedSelfSigned({ file: join(dataDir, 'mumble.pem'), names: kept, clock, log }));
  } catch (error) {
    throw mumbleError(error, 'Its certificate cannot be kept: set data-dir.');
  }
}
