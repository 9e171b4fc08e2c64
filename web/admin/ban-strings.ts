/** Texts of the admin page about bans. */
export const banStrings = {
  title: 'Bans',
  none: 'Nobody is banned.',
  more: (shown: number, total: number) => `Showing the oldest ${shown} of ${total} bans.`,
  target: 'Identity, address or network',
  targetHint:
    'An identity is in somebody’s join token. An address such as 192.0.2.7 or a network such as 192.0.2.0/24 is banned from all rooms.',
  room: 'Room (empty: all)',
  roomHint: 'Only for an identity.',
  hours: 'Hours (empty: without an end)',
  reason: 'Reason',
  ban: 'Ban',
  banned: (who: string) => `${who} is banned.`,
  about: (room: string | null, end: string | null, by: string | null) =>
    [
      room === null ? 'all rooms' : room,
      end === null ? 'without an end' : `until ${end}`,
      ...(by === null ? [] : [`by ${by}`]),
    ].join(', '),
  lift: 'Lift ban',
  liftOf: (who: string) => `Lift ban on ${who}`,
  lifted: (who: string) => `${who} may join again.`,
} as const;
