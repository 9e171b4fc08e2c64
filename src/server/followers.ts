/** Which part of the server follows which settings while it runs. */
import type { Logger } from 'pino';
import type { AdminAuth } from '../admin/api/admin-auth.ts';
import type { Webhooks } from '../admin/webhooks/webhooks.ts';
import { setLogLevel } from '../lib/log.ts';
import type { RequestRate } from '../lib/rates/request-rate.ts';
import type { TurnSettings } from '../lib/turn.ts';
import type { AccessControl } from '../rooms/access.ts';
import type { AddressLimits } from '../rooms/address-limits.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { SignalingEndpoint } from '../signaling/signaling-server.ts';
import { checkNamedRooms, followNamedRooms } from './kept-rooms.ts';
import { adminTokens } from './open-parts.ts';
import { chatDefaults, defaultTeams, registryLimits, signalingLimits, turnSettings } from './options.ts';
import type { Follower } from './reload.ts';

export interface FollowingParts {
  readonly access: AccessControl;
  readonly registry: RoomRegistry;
  readonly addresses: AddressLimits;
  readonly requests: RequestRate;
  readonly auth: AdminAuth;
  readonly webhooks: Webhooks;
  readonly signaling: SignalingEndpoint;
  readonly setTurn: (settings: TurnSettings) => void;
  readonly log: Logger;
}

export function followers(parts: FollowingParts): readonly Follower[] {
  const { access, registry, addresses, requests, auth, webhooks, signaling, setTurn, log } = parts;
  return [
    {
      keys: ['logLevel'],
      apply: ({ logLevel }) => setLogLevel(log, logLevel),
    },
    {
      keys: ['access', 'tokenSecret', 'roomPasswords', 'registeredNames', 'moderators'],
      check: ({ access: mode, ...config }) => access.check({ mode, ...config }),
      apply: ({ access: mode, ...config }) => access.configure({ mode, ...config }),
    },
    { keys: ['adminToken', 'adminTokens'], apply: (config) => auth.setTokens(adminTokens(config)) },
    {
      keys: ['webhookUrls', 'webhookSecret'],
      apply: ({ webhookUrls: urls, webhookSecret: secret }) => webhooks.configure({ urls, secret }),
    },
    {
      keys: ['turnUrls', 'turnSecret', 'turnUsername', 'turnPassword', 'turnLifetimeMinutes'],
      apply: (config) => setTurn(turnSettings(config)),
    },
    {
      keys: ['maxRooms', 'maxRoomsPerAddress', 'maxParticipants', 'resumeTimeoutMs'],
      apply: (config) => registry.setDefaults({ limits: registryLimits(config) }),
    },
    {
      keys: ['chat', 'chatHistory', 'chatHistoryHours'],
      apply: (config) => registry.setDefaults({ chat: chatDefaults(config) }),
    },
    {
      keys: ['teams'],
      check: (config) => void defaultTeams(config),
      apply: (config) => registry.setDefaults({ teams: defaultTeams(config) }),
    },
    {
      keys: ['recording', 'live', 'shareSound'],
      apply: ({ recording, live, shareSound }) =>
        registry.setDefaults({ recording, live, shareSound: shareSound === 'on' }),
    },
    {
      keys: ['keptRooms'],
      check: (config) => checkNamedRooms(config, registry),
      apply: (config) => followNamedRooms(config, registry),
    },
    {
      keys: ['maxJoinsPerMinute', 'maxFailedJoinsPerMinute', 'maxRequestsPerMinute'],
      apply: ({ maxJoinsPerMinute, maxFailedJoinsPerMinute, maxRequestsPerMinute }) => {
        addresses.setRates({ maxJoinsPerMinute, maxFailedJoinsPerMinute });
        auth.setMaxFailures(maxFailedJoinsPerMinute);
        requests.setMax(maxRequestsPerMinute);
      },
    },
    {
      keys: ['maxMessagesPerSecond', 'maxUnsentBytes', 'joinTimeoutMs', 'pingIntervalMs'],
      apply: (config) => signaling.setLimits(signalingLimits(config)),
    },
  ];
}
