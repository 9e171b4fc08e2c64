import type { ClientMessage } from '../protocol/client-messages.ts';
import type { Participant } from '../rooms/participant.ts';

/** What a client asks of its participant. The session itself answers the other messages. */
export type ParticipantRequest = Exclude<
  ClientMessage,
  {
    readonly type:
      | 'join'
      | 'offer'
      | 'offer_file'
      | 'renew_token'
      | 'watch_rooms'
      | 'switch_room'
      | 'record'
      | 'leave'
      | 'ping';
  }
>;

/** Throws `AppError`. `done` confirms a request that no other message to its sender confirms. */
export function perform(
  participant: Participant,
  message: ParticipantRequest,
  done: (requestId: number) => void,
): void {
  switch (message.type) {
    case 'state':
      participant.setState(message);
      participant.setPresence(message);
      if (message.agreesToRecording) participant.sound.agreeToRecording();
      break;
    case 'mute':
    case 'deafen':
      participant.setState(message);
      break;
    case 'hear':
      participant.hear(message.participantId, message.gain);
      break;
    case 'talk_to':
      participant.talkTo(message);
      break;
    case 'join_channel':
    case 'leave_channel':
      participant.setInChannel(message.channel, message.type === 'join_channel');
      break;
    case 'turn':
      participant.turn(message.yaw);
      break;
    case 'pose':
      participant.pose(message);
      break;
    case 'mute_participant':
    case 'kick':
    case 'lock':
    case 'mute_chat':
    case 'slow_mode':
      participant.moderate(message);
      if (message.requestId !== undefined) done(message.requestId);
      break;
    case 'list_people':
      participant.listPeople(message);
      break;
    case 'say':
    case 'edit':
    case 'unsay':
      participant.write(message);
      break;
    case 'data':
      participant.write(message);
      if (message.requestId !== undefined) done(message.requestId);
      break;
  }
}
