/** Parts of the server whose opening can fail for a reason that the operator can fix. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { AdminToken } from '../admin/api/admin-auth.ts';
import type { SpanExporter } from '../admin/tracing/span-exporter.ts';
import { Webhooks } from '../admin/webhooks/webhooks.ts';
import type { KeptWrite } from '../cluster/engine.ts';
import type { RedisEngine } from '../cluster/redis-engine.ts';
import type { Config } from '../config/config.ts';
import { sharesPort } from '../config/one-port.ts';
import type { AddressWatch } from '../lib/net/address-watch.ts';
import { Seal } from '../lib/seal.ts';
import type { MediaPlane, OtherServersOptions } from '../media/plane.ts';
import { AccessControl } from '../rooms/access.ts';
import type { KeptStore } from '../rooms/ports.ts';
import { SharedStore } from '../store/shared-store.ts';
import { StateStore, stateFileIn } from '../store/state-store.ts';
import type { Cluster } from './cluster.ts';
import { mediaSettings } from './options.ts';
import type { ServerDeps } from './server.ts';
import { accessError, listenError, mediaError, settingsError } from './start-error.ts';

/** These are secrets. */
export function adminTokens({ adminToken, adminTokens: named }: Config): readonly AdminToken[] {
  const others = Object.entries(named).map(([name, token]) => ({ name, ...token }));
  return adminToken === '' ? others : [{ name: 'admin', scope: 'everything', token: adminToken }, ...others];
}

interface StateDeps extends Pick<ServerDeps, 'clock' | 'log'> {
  /** Of the cluster, which keeps everything if there is one. */
  readonly engine: RedisEngine | undefined;
  readonly fence: (room: string) => KeptWrite['fence'];
}

/** Undefined if nothing is kept. Rejects with `StartError`. */
export async function openState(
  { keepState, dataDir, clusterSecret }: Config,
  { engine, fence, ...shared }: StateDeps,
) {
  const failed = (error: unknown): never => {
    throw settingsError(error);
  };
  if (engine !== undefined)
    return SharedStore.open({ engine, seal: new Seal(clusterSecret, 'kept 1'), fence, ...shared }).catch(
      async (error: unknown) => {
        await engine.close();
        return failed(error);
      },
    );
  if (keepState === 'off') return undefined;
  return StateStore.open({ file: stateFileIn(dataDir), ...shared }).catch(failed);
}

/** Throws `StartError`. */
export function accessControl(config: Config, store: KeptStore, { clock, log }: ServerDeps): AccessControl {
  const { access: mode, tokenSecret, roomPasswords, registeredNames, moderators } = config;
  try {
    const access = new AccessControl({ mode, tokenSecret, roomPasswords, registeredNames, moderators, clock, store });
    if (access.hasPlainPasswords)
      log.warn('the configuration contains room passwords in plain text; use "partyline password" to hash them');
    return access;
  } catch (error) {
    throw accessError(error);
  }
}

/** Undefined if joins are not traced. Nothing is loaded then. */
export async function openTracing(
  { traceUrl: url }: Config,
  { version, clock, log }: Pick<ServerDeps, 'version' | 'clock' | 'log'>,
): Promise<SpanExporter | undefined> {
  if (url === '') return undefined;
  const { SpanExporter } = await import('../admin/tracing/span-exporter.ts');
  return new SpanExporter({ url, version, clock, log });
}

/** Rejects with `StartError`. */
export async function openMediaPlane(
  config: Config,
  deps: ServerDeps,
  watch: AddressWatch,
  others?: OtherServersOptions,
): Promise<MediaPlane> {
  const { clock, log, workerEntry, onFailed, createMediaPlane } = deps;
  const settings = mediaSettings(config, sharesPort(config) ? await addressOf(config) : config.host);
  return createMediaPlane({
    ...settings,
    others,
    watch,
    workerEntry,
    clock,
    log,
    ...(onFailed !== undefined && { onFailed }),
  }).catch((error: unknown) => {
    throw mediaError(error);
  });
}

/** The address that `listen` binds. */
async function addressOf(config: Config): Promise<string> {
  if (isIP(config.host) !== 0) return config.host;
  const { address } = await lookup(config.host).catch((error: unknown) => {
    throw listenError(error, config);
  });
  return address;
}

/** Events say which server of the cluster they are from. */
export function openWebhooks(
  { webhookUrls: urls, webhookSecret: secret }: Config,
  { clock, log }: Pick<ServerDeps, 'clock' | 'log'>,
  cluster: () => Cluster | undefined,
): Webhooks {
  const origin = () => {
    const here = cluster();
    return here && { node: here.node, epochOf: (room: string) => here.directory.epochOf(room) };
  };
  return new Webhooks({ urls, secret, origin, clock, log });
}
