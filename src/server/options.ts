/**
 * Extracts from the configuration what each part of the server uses. No part gets the whole configuration, because it
 * contains secrets.
 */
import type { Config } from '../config/config.ts';
import { sharesPort } from '../config/one-port.ts';
import type { LiveOptions } from '../gateways/live/control.ts';
import type { BroadcastOptions } from '../gateways/whip/control.ts';
import { isLocalHost } from '../lib/net/local-addresses.ts';
import type { TurnSettings } from '../lib/turn.ts';
import type { MediaPlaneOptions } from '../media/plane.ts';
import type { ChatDefaults, RegistryLimits } from '../rooms/registry-options.ts';
import { teamNames } from '../rooms/teams.ts';
import type { EndpointLimits } from '../signaling/signaling-server.ts';
import type { HttpLimits } from './http-server.ts';
import { teamsError } from './start-error.ts';
import type { PageTlsSettings } from './tls/page-tls.ts';

export type MediaSettings = Omit<MediaPlaneOptions, 'workerEntry' | 'clock' | 'log' | 'onFailed'>;

export type LiveSettings = Pick<LiveOptions, 'maxListeners' | 'maxPerAddress' | 'allowOrigins'>;
export type BroadcastSettings = Pick<BroadcastOptions, 'kinds' | 'limits' | 'sdpLimits'>;

/** @param pageAddress the address that the HTTP port is bound to */
export function mediaSettings(config: Config, pageAddress: string): MediaSettings {
  return {
    workers: config.workers,
    hosts: config.mediaHost,
    port: config.mediaPort,
    tcp: config.mediaTcp === 'on',
    ...(sharesPort(config) && { sharedTcp: { host: pageAddress, port: config.port } }),
    announce: config.announce,
    names: config.domain,
    hideLoopback: !isLocalHost(config.host),
    spanLoad: config.spanLoadPercent / 100,
    mix: { maxTalkers: config.maxTalkers, levelling: config.levelling === 'on' },
    sdpLimits: { maxBytes: config.maxSdpBytes, maxLines: config.maxSdpLines },
  };
}

export function registryLimits({
  maxRooms,
  maxRoomsPerAddress,
  maxParticipants,
  resumeTimeoutMs,
  rosterLimit,
}: Config): RegistryLimits {
  return { maxRooms, maxRoomsPerAddress, maxParticipants, resumeTimeoutMs, rosterLimit };
}

export function chatDefaults(config: Config): ChatDefaults {
  return {
    enabled: config.chat === 'on',
    keptLines: config.chatHistory,
    keptHours: config.chatHistoryHours,
    files: {
      maxBytes: config.chatFileBytes,
      maxTotalBytes: config.chatFilesTotalBytes,
      keptMinutes: config.chatFileMinutes,
    },
  };
}

/** Throws `StartError`. */
export function defaultTeams({ teams }: Config): readonly string[] {
  try {
    return teamNames(teams);
  } catch (error) {
    throw teamsError(error);
  }
}

export function signalingLimits(config: Config): EndpointLimits {
  return {
    maxConnections: config.maxConnections,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
    maxJoinsPerMinute: config.maxJoinsPerMinute,
    maxFailedJoinsPerMinute: config.maxFailedJoinsPerMinute,
    maxMessageBytes: config.maxMessageBytes,
    maxMessagesPerSecond: config.maxMessagesPerSecond,
    maxUnsentBytes: config.maxUnsentBytes,
    joinTimeoutMs: config.joinTimeoutMs,
    pingIntervalMs: config.pingIntervalMs,
  };
}

export function broadcastSettings({
  whip,
  whep,
  maxPublishers,
  maxListeners,
  maxConnectionsPerAddress,
  maxSdpBytes,
  maxSdpLines,
}: Config): BroadcastSettings {
  return {
    kinds: new Set([...(whip === 'on' ? ['whip' as const] : []), ...(whep === 'on' ? ['whep' as const] : [])]),
    limits: { maxPublishers, maxListeners, maxPerAddress: maxConnectionsPerAddress },
    sdpLimits: { maxBytes: maxSdpBytes, maxLines: maxSdpLines },
  };
}

export function liveSettings({ maxLiveListeners, maxConnectionsPerAddress, allowOrigins }: Config): LiveSettings {
  return {
    maxListeners: maxLiveListeners,
    maxPerAddress: maxConnectionsPerAddress,
    allowOrigins,
  };
}

export function httpLimits({ maxConnections, maxConnectionsPerAddress, requestTimeoutMs }: Config): HttpLimits {
  return { maxConnections, maxConnectionsPerAddress, requestTimeoutMs };
}

export function pageTlsSettings(config: Config): PageTlsSettings {
  const { host, port, httpPort, domain, allowHosts, dataDir, tls, tlsCert, tlsKey } = config;
  const { acmeDirectory, acmeEmail, acmeCa } = config;
  return {
    host,
    port,
    httpPort,
    domain,
    allowHosts,
    dataDir,
    tls,
    tlsCert,
    tlsKey,
    acmeDirectory,
    acmeEmail,
    acmeCa,
    http: httpLimits(config),
  };
}

/** These are secrets, from which credentials are derived. */
export function turnSettings(config: Config): TurnSettings {
  const { turnUrls, turnSecret, turnUsername, turnPassword, turnLifetimeMinutes } = config;
  return { turnUrls, turnSecret, turnUsername, turnPassword, turnLifetimeMinutes };
}
