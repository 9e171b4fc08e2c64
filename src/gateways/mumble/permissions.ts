/** What Mumble clients are told that their user may do; they hide or grey out the rest. */
import type { Participant } from '../../rooms/participant.ts';
import { PERMISSION } from './wire/messages.ts';

const EVERYBODY = PERMISSION.traverse | PERMISSION.enter | PERMISSION.textMessage;
const MODERATOR = PERMISSION.muteDeafen | PERMISSION.kick | PERMISSION.ban;

/** In any channel; clients look at those in the root for what concerns people. */
export function permissionsOf(participant: Participant | null): number {
  let permissions = EVERYBODY;
  if (participant?.admission.maySpeak ?? true) permissions |= PERMISSION.speak | PERMISSION.whisper;
  if (participant?.mayModerate) permissions |= MODERATOR;
  return permissions;
}
