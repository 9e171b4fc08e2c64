/** Teams: the channels of a room among which people choose, as its settings name them. */
import { AppError } from '../lib/errors.ts';
import { MAX_TEAMS } from '../protocol/bounds.ts';
import { channelName } from './names.ts';

/** The canonical names of these teams, each once. Throws `invalid_channel`, which says which is wrong, or `invalid_request`. */
export function teamNames(wanted: readonly string[]): readonly string[] {
  if (wanted.length > MAX_TEAMS) throw new AppError('invalid_request', `A room has at most ${MAX_TEAMS} teams.`);
  return [...new Set(wanted.map((name, index) => channelName(name, `"teams.${index}" is not one.`)))];
}
