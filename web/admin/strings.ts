const FAINTEST_DBOV = -70;

/** All texts of the admin page. */
export const strings = {
  title: 'Partyline admin',
  tokenLabel: 'Admin token',
  tokenHint:
    'The value of the server’s admin-token setting. It is kept only in this tab and forgotten when the tab closes.',
  signIn: 'Sign in',
  signOut: 'Sign out',
  loading: 'Connecting to the server…',
  dismiss: 'Dismiss',
  cancel: 'Cancel',
  problems: {
    admin_token_wrong: 'Wrong admin token.',
    admin_token_required: 'Wrong admin token.',
    api_off: 'The API of this server is off. Start the server with an admin-token to use this page.',
    rate_limited: 'Too many wrong tokens came from your network. Wait a minute and try again.',
    unreachable: 'The server does not answer. These figures are old. Trying again every second.',
    unknown_room: 'This room no longer exists.',
    unknown_participant: 'This participant has just left.',
    unknown_ban: 'This ban has just ended.',
    room_exists: 'A room with this name already exists.',
    invalid_room:
      'The server does not accept this room name. Use 1 to 64 letters, digits, spaces, “-”, “_”, “.” or “/”.',
    tokens_off: 'This server cannot create join tokens. Set token-secret to enable them.',
  } as Readonly<Record<string, string | undefined>>,
  refused: (code: string, message: string) => message || `The server refused (${code}).`,
  status: {
    ok: 'Healthy',
    unhealthy: 'Unhealthy',
    draining: 'Draining',
    closing: 'Shutting down',
  },
  server: 'Server',
  version: 'Version',
  uptime: 'Uptime',
  rooms: 'Rooms',
  participants: 'Participants',
  connections: 'WebSockets',
  mediaAt: (addresses: string) => `Browsers find media at ${addresses}.`,
  mediaNowhere: 'Browsers find media nowhere at the moment.',
  workers: 'Media workers',
  worker: 'Worker',
  state: 'State',
  load: 'Load',
  loadOf: (worker: number) => `Load of worker ${worker}`,
  lateness: 'Maximum lateness',
  delay: 'Jitter buffers',
  media: 'Connections',
  talkers: 'Talking',
  running: 'running',
  dead: 'being replaced',
  failing: 'dies repeatedly',
  overload: (level: number) => `overloaded, level ${level}`,
  starved: 'late, others have the processor',
  restarts: (count: number) => (count === 1 ? '1 restart' : `${count} restarts`),
  noRooms: 'No rooms are open. A room opens when someone joins, or here.',
  moreRooms: (shown: number, total: number) => `Showing the oldest ${shown} of ${total} rooms.`,
  morePeople: (shown: number, total: number) => `Showing ${shown} of ${total} participants.`,
  roomCounts: (participants: number, speaking: number) => `${participants} here, ${speaking} talking`,
  locked: 'locked',
  permanent: 'permanent',
  password: 'password',
  nobody: 'Nobody is here.',
  newRoom: 'New room',
  roomName: 'Room name',
  createRoom: 'Open room',
  created: (room: string) => `The room ${room} is open.`,
  lock: 'Lock',
  unlock: 'Unlock',
  lockRoom: (room: string) => `Lock ${room}`,
  unlockRoom: (room: string) => `Unlock ${room}`,
  settings: 'Settings',
  settingsOf: (room: string) => `Settings of ${room}`,
  save: 'Save',
  saved: (room: string) => `The settings of ${room} are changed.`,
  newPassword: 'New password',
  keepsPassword: 'Leave it empty to keep the present one.',
  hasNoPassword: 'The room has no password now.',
  removePassword: 'Remove the password',
  maxParticipants: 'Maximum number of participants',
  maxParticipantsHint: 'A lower number removes nobody.',
  maxTalkers: 'Heard at the same time',
  maxTalkersHint: 'The loudest of those who talk. 0: no limit.',
  levelling: 'Bring everyone to the same level',
  whispers: 'People may whisper',
  teams: 'Teams',
  teamsHint: 'Names separated by commas. People in the room choose one. Empty: no teams.',
  close: 'Close',
  closeRoom: (room: string) => `Close ${room}`,
  closeRoomQuestion: (room: string) => `Close the room ${room}? Everyone in it will be removed.`,
  closed: (room: string) => `The room ${room} is closed.`,
  /** Between words the level is that of silence, which says nothing. */
  talking: (levelDbov: number) => (levelDbov < FAINTEST_DBOV ? 'talking' : `talking, ${levelDbov} dBov`),
  quiet: 'quiet',
  muted: 'muted',
  mutedByModerator: 'muted by a moderator',
  deafened: 'deafened',
  listener: 'listen only',
  noMicrophone: 'no microphone',
  moderator: 'moderator',
  connecting: 'no media connection',
  captured: 'being recorded',
  fromThem: 'from them',
  toThem: 'to them',
  reception: (lossRatio: number, jitterMs: number) =>
    `${(lossRatio * 100).toFixed(lossRatio < 0.1 ? 1 : 0)} % lost, jitter ${Math.round(jitterMs)} ms`,
  roundTrip: (ms: number) => `round trip ${Math.round(ms)} ms`,
  mute: 'Mute',
  muteWho: (name: string) => `Mute ${name}`,
  allow: 'Allow to speak',
  allowWho: (name: string) => `Allow ${name} to speak`,
  move: 'Move',
  moveWho: (name: string) => `Move ${name}`,
  moveTo: 'To room',
  moved: (name: string, room: string) => `${name} is now in ${room}.`,
  kick: 'Kick',
  kickWho: (name: string) => `Kick ${name}`,
  kickQuestion: (name: string) => `Remove ${name} from the room? They can join again.`,
  kicked: (name: string) => `${name} was removed.`,
  ban: 'Ban',
  banWho: (name: string) => `Ban ${name}`,
  banQuestion: (name: string, minutes: number) => `Remove ${name} and ban them for ${minutes} minutes?`,
  keptOut: 'Bans',
  keptOutOf: (room: string) => `Bans in ${room}`,
  keptOutUntil: (time: string | null, by: string | null) =>
    `${time === null ? 'without an end' : `until ${time}`}${by === null ? '' : `, by ${by}`}`,
  liftBan: 'Lift ban',
  liftBanOf: (name: string) => `Lift ban on ${name}`,
  lifted: (name: string) => `${name} may join again.`,
  token: 'Invite with a join token',
  tokenRoom: 'Room',
  identity: 'Identity',
  identityHint: 'Your own id for this person. The others in the room can see it.',
  hours: 'Valid for (hours)',
  maySpeak: 'May speak',
  mayModerate: 'May moderate',
  makeToken: 'Create link',
  link: 'Link',
  linkHint: 'Anyone who has it can join as this identity.',
  copy: 'Copy',
  copied: 'Link copied.',
  drain: 'Drain',
  drainQuestion: 'Admit nobody new, and shut the server down when everyone has left?',
  drainMinutes: 'Shut down after this many minutes even if someone is still there (empty: wait)',
  undrain: 'Admit new participants again',
  draining: (deadline: string | null) =>
    deadline === null
      ? 'The server admits nobody new and shuts down when everyone has left.'
      : `The server admits nobody new and shuts down when everyone has left, at ${deadline} at the latest.`,
} as const;

/** The message for an API error. */
export function problemText(code: string, message: string): string {
  return strings.problems[code] ?? strings.refused(code, message);
}

/** `3 d 4 h`, `4 h 5 min`, `5 min 6 s` */
export function durationText(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const first = Math.max(
    0,
    Math.min(
      units.findIndex(([size]) => seconds >= size),
      2,
    ),
  );
  const start = seconds < 60 ? 3 : first;
  let rest = seconds;
  return units
    .slice(start, start + 2)
    .map(([size, unit]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return `${count} ${unit}`;
    })
    .join(' ');
}
