import { open as openFile, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CommandInput, ConfigError } from '../config/config.ts';
import type { CheckOutcome } from './check.ts';
import { findParticipant } from './find-participant.ts';
import { open, outcomeOf, RefusedError, readOwnFlags, runningServer } from './running-server.ts';

const HELP = `Records unencrypted what a participant says and hears, for troubleshooting in Wireshark.

Usage: partyline capture --room ROOM --participant ID [--flag VALUE]…

The running server must have --allow-capture on and an admin token. What the participant hears is
everyone in the room, and all of them are notified while the capture runs. Make sure that you are
allowed to record them. Ctrl-C stops early and keeps what has been recorded.

  --room ROOM               The participant's room.
  --participant ID          Their id, the identity in their token, or their name.
  --seconds N               Duration, 1 to 600. Default: 60.
  --output FILE             File to create, readable only by you. Default: capture.pcap.
  --url URL                 The server. Default: this machine, with the port from the settings.
  --admin-token-file FILE   File with the admin token. --config and the server's other flags and
                            variables work, too.
  --help                    Shows this text.
`;
const OWN_FLAGS = ['room', 'participant', 'seconds', 'output', 'url'] as const;
const OWNER_ONLY = 0o600;

/** The output of `partyline capture`; it announces on `notices` what it is about to do. Rejects with `ConfigError`. */
export async function captureCommand(
  input: CommandInput,
  notices: { write(text: string): unknown },
): Promise<CheckOutcome> {
  const { flags, help, argv } = readOwnFlags(input.argv, OWN_FLAGS);
  if (help) return { text: HELP, exitCode: 0 };
  const server = runningServer({ ...input, argv }, flags.url);
  const { room, participant, seconds = '60', output = 'capture.pcap' } = flags;
  const problems: string[] = [];
  if (room === undefined) problems.push('capture requires --room ROOM.');
  if (participant === undefined) problems.push('capture requires --participant ID.');
  if (!/^\d{1,3}$/.test(seconds)) problems.push('--seconds must be a number from 1 to 600.');
  if (server.adminToken === '') problems.push('capture requires --admin-token-file FILE; see capture --help.');
  if (problems.length > 0 || room === undefined || participant === undefined) throw new ConfigError(problems);

  return outcomeOf(async () => {
    const found = await findParticipant(server, room, participant);
    const bytes = await save(output, async () => {
      const path = `/api/v1/rooms/${encodeURIComponent(room)}/participants/${encodeURIComponent(found.id)}/capture`;
      const body = await open(server, 'POST', path, { seconds: Number(seconds) });
      notices.write(
        `Recording for ${seconds} s what ${found.name} says and hears. Everyone in the room is notified.\n`,
      );
      return body;
    });
    return `${output}: ${(bytes / 1000).toFixed(1)} kB\n`;
  });
}

/** Creates a file and streams the body into it. Returns its length; rejects with `RefusedError`. */
async function save(output: string, start: () => Promise<Readable>): Promise<number> {
  const file = await openFile(output, 'wx', OWNER_ONLY).catch((error: NodeJS.ErrnoException) => {
    throw new RefusedError(
      error.code === 'EEXIST' ? `${output} already exists.` : `${output} cannot be written: ${error.message}.`,
    );
  });
  let body: Readable;
  try {
    body = await start();
  } catch (error) {
    await file.close();
    await unlink(output);
    throw error;
  }
  const stream = file.createWriteStream();
  try {
    await pipeline(body, stream);
  } catch (error) {
    throw new RefusedError(
      `the capture was interrupted: ${(error as Error).message}. ${output} contains what was recorded.`,
    );
  }
  return stream.bytesWritten;
}
