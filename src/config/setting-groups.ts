import type { SettingKey } from './settings.ts';

export interface SettingGroup {
  readonly title: string;
  readonly keys: readonly SettingKey[];
}

/** The order and headings of the help text and the sample file. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: 'Page and WebSocket',
    keys: [
      ...(['host', 'port', 'unixSocket', 'unixSocketMode', 'user'] as const),
      ...(['allowOrigins', 'allowHosts', 'frameAncestors', 'trustProxy', 'proxyProtocol'] as const),
    ],
  },
  {
    title: 'TLS',
    keys: ['domain', 'httpPort', 'tls', 'tlsCert', 'tlsKey', 'acmeDirectory', 'acmeEmail', 'acmeCa', 'dataDir'],
  },
  {
    title: 'Access',
    keys: ['access', 'tokenSecret', 'tokenSecretFile', 'roomPasswords', 'registeredNames', 'moderators'],
  },
  {
    title: 'Sign-in',
    keys: [
      ...([
        'oidcIssuer',
        'oidcClientId',
        'oidcClientSecret',
        'oidcClientSecretFile',
        'oidcPageUrl',
        'oidcLabel',
      ] as const),
      ...(['oidcScopes', 'oidcNameClaim', 'oidcGroupsClaim', 'oidcRooms', 'oidcModerators'] as const),
    ],
  },
  { title: 'Rooms', keys: ['keptRooms', 'roomList', 'roomPreview', 'keepState'] },
  {
    title: 'API and webhooks',
    keys: [
      ...(['adminToken', 'adminTokenFile', 'adminTokens', 'adminTokensFile'] as const),
      ...(['webhookUrls', 'webhookSecret', 'webhookSecretFile'] as const),
    ],
  },
  {
    title: 'Cluster',
    keys: [
      ...(['clusterEngine', 'clusterEnginePassword', 'clusterEnginePasswordFile', 'clusterEngineDown'] as const),
      ...(['clusterSecret', 'clusterSecretFile', 'clusterName', 'clusterNode', 'clusterRegion'] as const),
      ...(['nodeUrl', 'clusterPeer', 'clusterPages', 'clusterLeaseMs', 'clusterSpanPercent'] as const),
    ],
  },
  {
    title: 'Media',
    keys: ['mediaHost', 'mediaPort', 'mediaTcp', 'webSocketMedia', 'announce', 'workers', 'spanLoadPercent'],
  },
  {
    title: 'TURN',
    keys: [
      'turnUrls',
      'turnSecret',
      'turnSecretFile',
      'turnUsername',
      'turnPassword',
      'turnPasswordFile',
      'turnLifetimeMinutes',
    ],
  },
  { title: 'Sound', keys: ['maxTalkers', 'levelling', 'shareSound', 'teams'] },
  {
    title: 'Chat',
    keys: ['chat', 'chatHistory', 'chatHistoryHours', 'chatFileBytes', 'chatFilesTotalBytes', 'chatFileMinutes'],
  },
  {
    title: 'Recording',
    keys: [
      'recordingDir',
      'recording',
      'recordingConsent',
      'recordingMaxHours',
      'recordingMaxBytes',
      'recordingMinFree',
      'recordingKeepDays',
      'recordingS3Url',
      'recordingS3Region',
      'recordingS3KeyId',
      'recordingS3Secret',
      'recordingS3SecretFile',
    ],
  },
  { title: 'Players and bots', keys: ['playerDir', 'recordingSound', 'maxBots'] },
  {
    title: 'Broadcast',
    keys: [
      ...(['whip', 'whep', 'live', 'forwardTargets', 'rtpIn', 'rtpTargets'] as const),
      ...(['maxPublishers', 'maxListeners', 'maxLiveListeners'] as const),
    ],
  },
  {
    title: 'Mumble',
    keys: [
      'mumble',
      'mumblePort',
      'mumbleRooms',
      'mumbleDefaultRoom',
      'mumbleName',
      'mumbleWelcome',
      'mumbleListPing',
      'maxMumbleClients',
    ],
  },
  {
    title: 'Another Mumble server',
    keys: [
      'mumbleUpstream',
      'mumbleUpstreamRooms',
      'mumbleUpstreamPassword',
      'mumbleUpstreamPasswordFile',
      'mumbleUpstreamCertificate',
      'mumbleUpstreamName',
      'mumbleUpstreamPeople',
      'mumbleUpstreamConnects',
    ],
  },
  { title: 'Log and diagnosis', keys: ['logLevel', 'logFormat', 'showAddresses', 'allowCapture', 'traceUrl'] },
  {
    title: 'Limits',
    keys: [
      'maxRooms',
      'maxRoomsPerAddress',
      'maxParticipants',
      'rosterLimit',
      'maxConnections',
      'maxConnectionsPerAddress',
      'maxJoinsPerMinute',
      'maxFailedJoinsPerMinute',
      'maxRequestsPerMinute',
      'maxMessageBytes',
      'maxMessagesPerSecond',
      'maxSdpBytes',
      'maxSdpLines',
      'maxUnsentBytes',
    ],
  },
  {
    title: 'Timeouts',
    keys: ['requestTimeoutMs', 'joinTimeoutMs', 'pingIntervalMs', 'resumeTimeoutMs', 'shutdownGraceMs'],
  },
];
