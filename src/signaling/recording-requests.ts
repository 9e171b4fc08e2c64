import type { ClientMessage } from '../protocol/client-messages.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

export interface RecordingRequestOptions {
  readonly registry: Pick<RoomRegistry, 'room'>;
  readonly done: (requestId: number | undefined) => void;
  readonly fail: (thrown: unknown, requestId: number | undefined) => void;
}

/** Has a participant start or end the recording of their room. */
export function requestRecording(
  participant: Participant,
  message: ClientMessage & { type: 'record' },
  { registry, done, fail }: RecordingRequestOptions,
): void {
  const { recording } = registry.room(participant.roomName);
  recording.request(participant, message.on, message.tracks).then(
    () => done(message.requestId),
    (thrown: unknown) => fail(thrown, message.requestId),
  );
}
