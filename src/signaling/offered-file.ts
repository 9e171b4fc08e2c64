import type { ClientMessage } from '../protocol/client-messages.ts';
import type { ServerMessage } from '../protocol/messages.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

/** Answers a participant who wants to send a file in the chat. Throws what `ChatFiles.offer` throws. */
export function offeredFile(
  { files }: Pick<RoomRegistry, 'files'>,
  participant: Participant,
  { requestId, ...file }: ClientMessage & { type: 'offer_file' },
  address: string,
): ServerMessage {
  const grant = files.offer(participant, file, address);
  return { type: 'file_offered', grant, ...(requestId !== undefined && { requestId }) };
}
