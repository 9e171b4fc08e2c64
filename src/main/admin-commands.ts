/** Commands with which the operator of a running server sees and moderates, by its API. */
import { type CommandInput, ConfigError } from '../config/config.ts';
import { harmlessText } from '../lib/harmless-text.ts';
import type { Answer, ParticipantStatus, RoomStatus } from '../protocol/api/client-types.ts';
import type { CheckOutcome } from './check.ts';
import { findParticipant } from './find-participant.ts';
import { ask, askAll, outcomeOf, type RunningServer, readOwnFlags, runningServer } from './running-server.ts';
import { lifetimeOf } from './token.ts';

type Ban = Answer<'listAllBans'>['bans'][number];

const SERVER_HELP = `  --url URL                 The server. Default: this machine, with the port from the settings.
  --admin-token-file FILE   File with an admin token. --config and the server's other flags and
                            variables work, too.
  --help                    Shows this text.
`;

interface AdminCommand {
  readonly usage: string;
  readonly about: string;
  /** Of its own flags, in the help. */
  readonly flags: readonly (readonly [flag: string, text: string])[];
  readonly texts: readonly string[];
  readonly switches?: readonly string[];
  /** Throws `ConfigError` for wrong flags, before anything is asked. */
  run(server: RunningServer, flags: Flags): Promise<string>;
}

type Flags = Readonly<Partial<Record<string, string | true>>>;

const WHO = ['--participant WHO', 'Their id, the identity in their token, or their name.'] as const;
const ROOM = ['--room ROOM', 'The room.'] as const;

const COMMANDS: Readonly<Record<string, AdminCommand>> = {
  rooms: {
    usage: 'rooms',
    about: 'Lists the rooms of the running server.',
    flags: [],
    texts: [],
    run: async (server) => {
      const rooms = await askAll<RoomStatus>(server, '/rooms', 'rooms');
      const rows = rooms.map(({ name, participants, listeners, speaking, ...room }) => {
        const marks = (['permanent', 'locked', 'hasPassword'] as const).filter((mark) => room[mark]);
        return [name, participants, speaking, listeners, marks.join(' ').replace('hasPassword', 'password')];
      });
      return table(['ROOM', 'PEOPLE', 'TALKING', 'LISTENERS', ''], rows);
    },
  },
  people: {
    usage: 'people [--room ROOM]',
    about: 'Lists the people in one room or in all rooms.',
    flags: [['--room ROOM', 'Only this room.']],
    texts: ['room'],
    run: async (server, { room }) => {
      const names =
        room === undefined
          ? (await askAll<RoomStatus>(server, '/rooms', 'rooms')).map(({ name }) => name)
          : [String(room)];
      const rows: (string | number)[][] = [];
      for (const name of names) {
        const people = await askAll<ParticipantStatus>(server, `${roomPath(name)}/participants`, 'participants');
        for (const { room: in_, name: who, identity, address, id, ...one } of people) {
          const marks = (['mayModerate', 'mutedByModerator', 'deafened'] as const).filter((mark) => one[mark]);
          rows.push([in_, who, identity ?? '', address ?? '', id, marks.join(' ').replace('mayModerate', 'moderator')]);
        }
      }
      return table(['ROOM', 'NAME', 'IDENTITY', 'ADDRESS', 'ID', ''], rows);
    },
  },
  kick: {
    usage: 'kick --room ROOM --participant WHO [--for TIME]',
    about: 'Removes somebody from a room.',
    flags: [ROOM, WHO, ['--for TIME', 'Also bans the identity in their token from the room: 30m, 12h or 7d.']],
    texts: ['room', 'participant', 'for'],
    run: async (server, flags) => {
      const [room, who] = [required('kick', flags, 'room'), required('kick', flags, 'participant')];
      const banSeconds = secondsOf(flags) ?? 0;
      const { id, name } = await findParticipant(server, room, who);
      const path = `${roomPath(room)}/participants/${encodeURIComponent(id)}/kick`;
      const { banned } = await ask<Answer<'kickParticipant'>>(server, 'POST', path, { banSeconds });
      const note = banSeconds > 0 && !banned ? ' They have no identity that could be banned.' : '';
      return `${harmlessText(name)} was removed${banned ? ' and banned' : ''}.${note}\n`;
    },
  },
  ban: {
    usage: 'ban --identity ID | --address ADDRESS | --room ROOM --participant WHO',
    about: 'Bans somebody, who need not be here, and removes them if they are.',
    flags: [
      ['--identity ID', 'The identity in their token, or mumble: and the hash of a certificate.'],
      ['--address ADDRESS', 'An IP address or a network such as 192.0.2.0/24, in all rooms.'],
      ['--participant WHO', 'Somebody in the room: their identity, or else their address.'],
      ['--room ROOM', 'Only in this room. Without it: on the whole server.'],
      ['--for TIME', '30m, 12h or 7d. Without it: until the ban is lifted.'],
      ['--reason TEXT', 'For the list of bans.'],
    ],
    texts: ['identity', 'address', 'participant', 'room', 'for', 'reason'],
    run: async (server, flags) => {
      const { identity, address, participant, room, reason } = flags;
      if ([identity, address, participant].filter((target) => target !== undefined).length !== 1)
        throw new ConfigError(['ban requires one of --identity, --address and --participant; see ban --help.']);
      const seconds = secondsOf(flags);
      const target =
        participant === undefined
          ? { identity, address, room }
          : await targetOf(server, required('ban', flags, 'room'), String(participant));
      const ban = await ask<Answer<'createBan'>>(server, 'POST', '/bans', { ...target, reason, seconds });
      return `${inWords(ban)} (ban ${ban.id}); removed: ${ban.removed}\n`;
    },
  },
  bans: {
    usage: 'bans',
    about: 'Lists all bans.',
    flags: [],
    texts: [],
    run: async (server) => {
      const bans = await askAll<Ban>(server, '/bans', 'bans');
      const rows = bans.map((ban) => [
        ...[ban.id, ban.identity ?? ban.address ?? '', ban.room ?? '(all)', ban.until ?? '(no end)'],
        ...[ban.by ?? '(operator)', [ban.name, ban.reason].filter((text) => text !== '').join(': ')],
      ]);
      return table(['ID', 'WHO', 'ROOM', 'UNTIL', 'BY', ''], rows);
    },
  },
  unban: {
    usage: 'unban --ban ID',
    about: 'Lifts a ban.',
    flags: [['--ban ID', 'As "partyline bans" shows it.']],
    texts: ['ban'],
    run: async (server, flags) => {
      await ask(server, 'DELETE', `/bans/${encodeURIComponent(required('unban', flags, 'ban'))}`);
      return 'The ban is lifted.\n';
    },
  },
  drain: {
    usage: 'drain [--deadline TIME | --cancel]',
    about: 'Admits nobody new, and lets the server end when everyone has left.',
    flags: [
      ['--deadline TIME', 'End then even if somebody is still there: 30m, 12h or 7d.'],
      ['--cancel', 'Admit new people again.'],
    ],
    texts: ['deadline'],
    switches: ['cancel'],
    run: async (server, flags) => {
      const deadlineSeconds = secondsOf(flags, 'deadline');
      if (flags['cancel'] === true) {
        await ask(server, 'DELETE', '/server/drain');
        return 'New people are admitted again.\n';
      }
      const { deadline } = await ask<Answer<'drainServer'>>(server, 'POST', '/server/drain', { deadlineSeconds });
      const end = deadline === null ? '' : `, at ${deadline} at the latest`;
      return `Nobody new is admitted. The server ends when everyone has left${end}.\n`;
    },
  },
};

export const ADMIN_COMMANDS: readonly string[] = Object.keys(COMMANDS);

/** The output of one of `ADMIN_COMMANDS`. Rejects with `ConfigError`. */
export async function adminCommand(name: string, input: CommandInput): Promise<CheckOutcome> {
  const command = COMMANDS[name];
  if (command === undefined) throw new Error(`no command ${name}`);
  const { flags, help, argv } = readOwnFlags<string, string>(input.argv, [...command.texts, 'url'], command.switches);
  if (help) return { text: helpOf(command), exitCode: 0 };
  const { url } = flags;
  const server = runningServer({ ...input, argv }, typeof url === 'string' ? url : undefined);
  if (server.adminToken === '')
    throw new ConfigError([`${name} requires --admin-token-file FILE; see ${name} --help.`]);
  return outcomeOf(() => command.run(server, flags));
}

function helpOf({ usage, about, flags }: AdminCommand): string {
  const own = flags.map(([flag, text]) => `  ${flag.padEnd(25)} ${text}\n`).join('');
  return `${about}\n\nUsage: partyline ${usage}\n\n${own}${SERVER_HELP}`;
}

async function targetOf(server: RunningServer, room: string, who: string) {
  const { identity, address, name } = await findParticipant(server, room, who);
  if (identity !== null) return { identity, name, room };
  if (address === null)
    throw new ConfigError([`${name} has no identity, and this server hides addresses (show-addresses).`]);
  return { address, name };
}

function required(command: string, flags: Flags, name: string): string {
  const value = flags[name];
  if (typeof value !== 'string') throw new ConfigError([`${command} requires --${name}; see ${command} --help.`]);
  return value;
}

function secondsOf(flags: Flags, name = 'for'): number | undefined {
  const value = flags[name];
  if (typeof value !== 'string') return undefined;
  const problems: string[] = [];
  const lifetimeMs = lifetimeOf(value, problems, name);
  if (lifetimeMs === undefined) throw new ConfigError(problems);
  return lifetimeMs / 1000;
}

function inWords({ identity, address, room, until }: Pick<Ban, 'identity' | 'address' | 'room' | 'until'>): string {
  const where = room === null ? '' : ` from ${room}`;
  return `${identity ?? address} is banned${where} ${until === null ? 'without an end' : `until ${until}`}`;
}

function roomPath(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`;
}

/** Columns as wide as their widest cell. What people have chosen cannot control the terminal. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => harmlessText(String(cell))));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
