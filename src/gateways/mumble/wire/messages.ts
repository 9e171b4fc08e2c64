/** The control messages of Mumble that this server or a client of it needs, with the fields that they need. */
import { decodeMessage, field, type MessageOf, repeated } from './protobuf.ts';

/** What a frame contains. */
export const TYPE = {
  version: 0,
  /** Not a message: a voice packet as it is. */
  udpTunnel: 1,
  authenticate: 2,
  ping: 3,
  reject: 4,
  serverSync: 5,
  channelRemove: 6,
  channelState: 7,
  userRemove: 8,
  userState: 9,
  banList: 10,
  textMessage: 11,
  permissionDenied: 12,
  acl: 13,
  queryUsers: 14,
  cryptSetup: 15,
  contextActionModify: 16,
  contextAction: 17,
  userList: 18,
  voiceTarget: 19,
  permissionQuery: 20,
  codecVersion: 21,
  userStats: 22,
  requestBlob: 23,
  serverConfig: 24,
  suggestConfig: 25,
  pluginData: 26,
} as const;

export type TypeName = keyof typeof TYPE;

/** The fields of each message, by the name of its type. */
export const MESSAGES = {
  version: {
    versionV1: field(1, 'uint32'),
    release: field(2, 'text'),
    os: field(3, 'text'),
    osVersion: field(4, 'text'),
    versionV2: field(5, 'uint64'),
  },
  authenticate: {
    username: field(1, 'text'),
    password: field(2, 'text'),
    tokens: repeated(3, 'text'),
    opus: field(5, 'bool'),
    /** 1: a bot. */
    clientType: field(6, 'uint32'),
  },
  ping: {
    timestamp: field(1, 'uint64'),
    good: field(2, 'uint32'),
    late: field(3, 'uint32'),
    lost: field(4, 'uint32'),
    resync: field(5, 'uint32'),
    udpPackets: field(6, 'uint32'),
    tcpPackets: field(7, 'uint32'),
  },
  reject: { type: field(1, 'uint32'), reason: field(2, 'text') },
  serverSync: {
    session: field(1, 'uint32'),
    /** In bit/s. */
    maxBandwidth: field(2, 'uint32'),
    welcomeText: field(3, 'text'),
    permissions: field(4, 'uint64'),
  },
  channelRemove: { channelId: field(1, 'uint32') },
  channelState: {
    channelId: field(1, 'uint32'),
    parent: field(2, 'uint32'),
    name: field(3, 'text'),
    links: repeated(4, 'uint32'),
    description: field(5, 'text'),
    linksAdd: repeated(6, 'uint32'),
    linksRemove: repeated(7, 'uint32'),
    position: field(9, 'int32'),
    maxUsers: field(11, 'uint32'),
    isEnterRestricted: field(12, 'bool'),
    canEnter: field(13, 'bool'),
  },
  userRemove: {
    session: field(1, 'uint32'),
    actor: field(2, 'uint32'),
    reason: field(3, 'text'),
    ban: field(4, 'bool'),
  },
  userState: {
    session: field(1, 'uint32'),
    actor: field(2, 'uint32'),
    name: field(3, 'text'),
    userId: field(4, 'uint32'),
    channelId: field(5, 'uint32'),
    mute: field(6, 'bool'),
    deaf: field(7, 'bool'),
    suppress: field(8, 'bool'),
    selfMute: field(9, 'bool'),
    selfDeaf: field(10, 'bool'),
    texture: field(11, 'bytes'),
    comment: field(14, 'text'),
    hash: field(15, 'text'),
    prioritySpeaker: field(18, 'bool'),
    recording: field(19, 'bool'),
    temporaryAccessTokens: repeated(20, 'text'),
    listeningChannelAdd: repeated(21, 'uint32'),
    listeningChannelRemove: repeated(22, 'uint32'),
  },
  textMessage: {
    actor: field(1, 'uint32'),
    sessions: repeated(2, 'uint32'),
    channelIds: repeated(3, 'uint32'),
    treeIds: repeated(4, 'uint32'),
    /** HTML. */
    message: field(5, 'text'),
  },
  permissionDenied: {
    permission: field(1, 'uint32'),
    channelId: field(2, 'uint32'),
    session: field(3, 'uint32'),
    reason: field(4, 'text'),
    type: field(5, 'uint32'),
    name: field(6, 'text'),
  },
  cryptSetup: { key: field(1, 'bytes'), clientNonce: field(2, 'bytes'), serverNonce: field(3, 'bytes') },
  /** Each of `targets` is a `WHISPER_TARGET`. */
  voiceTarget: { id: field(1, 'uint32'), targets: repeated(2, 'bytes') },
  permissionQuery: { channelId: field(1, 'uint32'), permissions: field(2, 'uint32'), flush: field(3, 'bool') },
  codecVersion: {
    alpha: field(1, 'int32'),
    beta: field(2, 'int32'),
    preferAlpha: field(3, 'bool'),
    opus: field(4, 'bool'),
  },
  userStats: {
    session: field(1, 'uint32'),
    statsOnly: field(2, 'bool'),
    onlineSeconds: field(16, 'uint32'),
    idleSeconds: field(17, 'uint32'),
  },
  serverConfig: {
    /** In bit/s. */
    maxBandwidth: field(1, 'uint32'),
    allowHtml: field(3, 'bool'),
    messageLength: field(4, 'uint32'),
    imageMessageLength: field(5, 'uint32'),
    maxUsers: field(6, 'uint32'),
    recordingAllowed: field(7, 'bool'),
  },
  suggestConfig: { positional: field(2, 'bool'), pushToTalk: field(3, 'bool') },
} as const;

/** To whom one kind of whisper goes. */
export const WHISPER_TARGET = {
  sessions: repeated(1, 'uint32'),
  channelId: field(2, 'uint32'),
  group: field(3, 'text'),
  links: field(4, 'bool'),
  children: field(5, 'bool'),
} as const;

export type MessageName = keyof typeof MESSAGES;

/** A message as it arrived, by its name. */
export type Received = {
  readonly [N in MessageName]: { readonly name: N; readonly fields: MessageOf<(typeof MESSAGES)[N]> };
}[MessageName];

const NAME_OF_TYPE = new Map<number, MessageName>(
  (Object.keys(MESSAGES) as MessageName[]).map((name) => [TYPE[name], name]),
);

/** Reads the payload of a frame. Undefined if the type is none of `MESSAGES`; null if the message is malformed. */
export function readMessage(type: number, payload: Uint8Array): Received | null | undefined {
  const name = NAME_OF_TYPE.get(type);
  if (name === undefined) return undefined;
  const fields = decodeMessage(MESSAGES[name], payload);
  return fields === null ? null : ({ name, fields } as Received);
}

/** Why somebody is not let in. */
export const REJECT = {
  none: 0,
  wrongVersion: 1,
  invalidName: 2,
  wrongUserPassword: 3,
  wrongServerPassword: 4,
  nameInUse: 5,
  serverFull: 6,
  noCertificate: 7,
  authenticatorFailed: 8,
  noNewConnections: 9,
} as const;

/** Why something is not allowed. */
export const DENY = { text: 0, permission: 1, textTooLong: 4, channelFull: 9 } as const;

/** What somebody may do in a channel; the last four are for the root, and so for the server. */
export const PERMISSION = {
  write: 0x1,
  traverse: 0x2,
  enter: 0x4,
  speak: 0x8,
  muteDeafen: 0x10,
  move: 0x20,
  makeChannel: 0x40,
  whisper: 0x100,
  textMessage: 0x200,
  kick: 0x10000,
  ban: 0x20000,
  register: 0x40000,
} as const;
