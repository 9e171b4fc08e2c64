/** Everything that this page says. */
export const strings = {
  title: 'Partyline admin',
  tokenLabel: 'Admin token',
  tokenHint: 'As in the server’s setting admin-token. It is kept in this tab only, and forgotten with it.',
  signIn: 'Sign in',
  signOut: 'Sign out',
  loading: 'Asking the server …',
  dismiss: 'Dismiss',
  cancel: 'Cancel',
  problems: {
    admin_token_wrong: 'This is not the admin token of this server.',
    admin_token_required: 'This is not the admin token of this server.',
    api_off: 'The API of this server is off. Start the server with an admin-token to use this page.',
    rate_limited: 'Too many wrong tokens came from your network. Wait a minute and try again.',
    unreachable: 'The server does not answer. What you see is from before; it is asked again every second.',
    unknown_room: 'This room is not there any more.',
    unknown_participant: 'This participant has just left.',
    unknown_ban: 'This ban has just ended.',
    room_exists: 'There is a room with this name already.',
    invalid_room: 'The server does not take this room name: 1 to 64 letters, digits, “-”, “_” or “.”.',
    tokens_off: 'This server makes no join tokens. Set its token-secret to have some.',
  } as Readonly<Record<string, string | undefined>>,
  refused: (code: string, message: string) => message || `The server refused (${code}).`,
  status: {
    ok: 'All is well',
    unhealthy: 'Something is wrong',
    draining: 'Draining',
    closing: 'Ending',
  },
  server: 'Server',
  version: 'Version',
  uptime: 'Up for',
  rooms: 'Rooms',
  participants: 'Participants',
  connections: 'WebSockets',
  workers: 'Media workers',
  worker: 'Worker',
  state: 'State',
  load: 'Load',
  loadOf: (worker: number) => `Load of worker ${worker}`,
  lateness: 'Late by at most',
  delay: 'Jitter buffers',
  media: 'Connections',
  talkers: 'Talking',
  running: 'running',
  dead: 'being replaced',
  failing: 'dies again and again',
  overload: (level: number) => `overloaded, level ${level}`,
  starved: 'late, others have the processor',
  restarts: (count: number) => (count === 1 ? '1 restart' : `${count} restarts`),
  noRooms: 'There is no room now. Rooms open when somebody joins, or here.',
  moreRooms: (shown: number, total: number) => `The oldest ${shown} of ${total} rooms are shown.`,
  morePeople: (shown: number, total: number) => `${shown} of ${total} participants are shown.`,
  roomCounts: (participants: number, speaking: number) => `${participants} here, ${speaking} talking`,
  locked: 'locked',
  permanent: 'stays',
  password: 'password',
  nobody: 'Nobody is here.',
  newRoom: 'New room',
  roomName: 'Name of the room',
  createRoom: 'Open room',
  created: (room: string) => `The room ${room} is open.`,
  lock: 'Lock',
  unlock: 'Unlock',
  lockRoom: (room: string) => `Lock ${room}`,
  unlockRoom: (room: string) => `Unlock ${room}`,
  close: 'Close',
  closeRoom: (room: string) => `Close ${room}`,
  closeRoomQuestion: (room: string) => `Close the room ${room}? Everybody in it is put out.`,
  closed: (room: string) => `The room ${room} is closed.`,
  talking: (levelDbov: number) => `talking, ${levelDbov} dBov`,
  quiet: 'quiet',
  muted: 'muted',
  mutedByModerator: 'muted by a moderator',
  deafened: 'deafened',
  listener: 'listens only',
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
  moveTo: 'To the room',
  moved: (name: string, room: string) => `${name} is in ${room} now.`,
  kick: 'Kick',
  kickWho: (name: string) => `Kick ${name}`,
  kickQuestion: (name: string) => `Put ${name} out of the room? They may join again.`,
  kicked: (name: string) => `${name} was put out.`,
  ban: 'Ban',
  banWho: (name: string) => `Ban ${name}`,
  banQuestion: (name: string, minutes: number) => `Put ${name} out and keep them out for ${minutes} minutes?`,
  keptOut: 'Kept out',
  keptOutOf: (room: string) => `Kept out of ${room}`,
  keptOutUntil: (time: string, by: string | null) => (by === null ? `until ${time}` : `until ${time}, by ${by}`),
  liftBan: 'Lift ban',
  liftBanOf: (name: string) => `Lift ban of ${name}`,
  lifted: (name: string) => `${name} may come back.`,
  token: 'Invite by a join token',
  tokenRoom: 'Room',
  identity: 'Identity',
  identityHint: 'Who it is for, in your own terms. The others in the room are told.',
  hours: 'Valid for, in hours',
  maySpeak: 'May speak',
  mayModerate: 'May moderate',
  makeToken: 'Make a link',
  link: 'Link',
  linkHint: 'Whoever has it can join as this identity.',
  copy: 'Copy',
  copied: 'The link is copied.',
  drain: 'Drain',
  drainQuestion: 'Take in nobody new, and end the server when all have left?',
  drainMinutes: 'End after, in minutes, even if somebody is still there (empty: wait)',
  undrain: 'Take newcomers again',
  draining: (deadline: string | null) =>
    deadline === null
      ? 'The server takes in nobody new and ends when all have left.'
      : `The server takes in nobody new and ends when all have left, at the latest at ${deadline}.`,
} as const;

/** What to tell of an error of the API. */
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
