/** Everything that `@partyline/client` offers. */

export type { ChatFile, ChatLine, ChatRules, FileRules } from '../../src/protocol/chat.ts';
export type {
  ChannelView,
  ConnectionGrade,
  ErrorCode,
  LeaveReason,
  ParticipantInfo,
  RoomEntry,
  TalkView,
} from '../../src/protocol/messages.ts';
export type { RecordingEndReason, RecordingTracks, RecordingView } from '../../src/protocol/recording.ts';
export type { ListedPerson, ListedRoom } from '../../src/protocol/rooms.ts';
export type { ChannelState, Channels, TalkTarget } from './channels.ts';
export type { Chat, ChatEntry, ChatState, SayOptions } from './chat.ts';
export type { CloseReason, ConnectionState, MediaState } from './connection-state.ts';
export type { Data, ReceivedData, SendOptions } from './data.ts';
export { DeviceError } from './device-error.ts';
export { type AudioDevice, type AudioDevices, listDevices } from './devices.ts';
export type { MicrophoneFailure, MicrophoneRequest, SoundProcessing } from './microphone.ts';
export type { MicrophoneInput } from './microphone-input.ts';
export type { Moderation } from './moderation.ts';
export { watchNetwork } from './network-watch.ts';
export type { Participant, ParticipantEvents } from './participant.ts';
export type { PlayerPose, Position } from './player-pose.ts';
export { type HoldBinding, type HoldSources, nextBinding, watchHold } from './push-to-talk.ts';
export type { Quality, QualityGrade } from './quality.ts';
export type { Rooms } from './rooms.ts';
export type { Speaker } from './speaker.ts';
export type { GetToken } from './token-keeper.ts';
export { VoiceClient } from './voice-client.ts';
export { VoiceError, type VoiceErrorCode } from './voice-error.ts';
export type {
  JoinOptions,
  ListPeople,
  PeoplePage,
  PeopleQuery,
  PresenceState,
  RecordingState,
  SwitchOptions,
  VoiceEvents,
} from './voice-events.ts';
export { VoiceRoom, type VoiceRoomOptions } from './voice-room.ts';
