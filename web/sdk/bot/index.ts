/** `@partyline/client/bot`: for programs in Node. */
export {
  BotConnection,
  type BotEvents,
  type BotOptions,
  type BotSocket,
  type BotSocketClass,
  type BotSpeaker,
} from './bot-connection.ts';
export { type BotFrame, FRAME_SAMPLES } from './frame.ts';
