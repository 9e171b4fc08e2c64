/** A room as its participants see it: what they do goes to the part of the room that it concerns. */
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { LeaveReason } from './events.ts';
import { publicKeyOf } from './hearing.ts';
import type { Moderation } from './moderation.ts';
import type { Participant } from './participant.ts';
import type { ParticipantRoom } from './participant-options.ts';
import type { Room } from './room.ts';

/** The parts of the room that nobody else sees. */
export interface InnerRoom {
  /** `Seat.id` → participant id. */
  readonly participantOfSeat: Map<number, string>;
  readonly moderation: Moderation;
  readonly limitCounts: LimitCounts;
  readonly left: (participant: Participant, reason: LeaveReason) => void;
}

export function roomSide(room: Room, { participantOfSeat, moderation, limitCounts, left }: InnerRoom): ParticipantRoom {
  const { sound, space, chat, data, roster } = room;
  return {
    key: () => room.key,
    name: () => room.name,
    seat: (participant, take) => {
      const seat = take(room.media);
      participantOfSeat.set(seat.id, participant.id);
      return seat;
    },
    seated: (participant) => {
      sound.seated(participant);
      if (participant.seat !== undefined) space.seat(publicKeyOf(participant), participant.seat.id);
    },
    hear: (listener, participantId, gain) => sound.hear(listener, participantId, gain),
    talkTo: (talker, target) => sound.talkTo(talker, target),
    setInChannel: (participant, channel, isIn) => sound.setInChannel(participant, channel, isIn),
    freeSeat: (seat) => {
      participantOfSeat.delete(seat.id);
      seat.close();
    },
    turn: (participant, yaw) => space.turn(publicKeyOf(participant), yaw),
    pose: (participant, pose) => space.pose(publicKeyOf(participant), pose),
    write: (writer, action) => (action.type === 'data' ? data.send(writer, action) : chat.act(writer, action)),
    updated: (participant) => {
      roster.changed(participant);
      room.recording.updated(participant);
    },
    listPeople: (asker, query) => roster.sendPage(asker, query),
    heldBack: () => limitCounts.hit('state_changes_per_second'),
    moderate: (moderator, action) => moderation.act(moderator, action),
    left,
  };
}
