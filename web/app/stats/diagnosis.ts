import type { Quality } from '../../sdk/quality.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { QualityPoint } from './quality-history.ts';

/** What is probably wrong. The page says it in words, and what to do about it. */
export type Finding =
  /** Sound is made up although all packets arrive: this computer does not keep up. */
  | 'busy_computer'
  /** What others hear is broken. */
  | 'loss_up'
  /** What this person hears is broken. */
  | 'loss_down'
  /** The round trip jumps: something else fills the line. */
  | 'full_line'
  /** The line is long. */
  | 'far_away'
  /** UDP does not get through, so a lost packet delays all that follow. */
  | 'no_udp';

/** The last half minute. A single bad measurement is no finding. */
const RECENT_POINTS = 15;
const MANY_LOST_PERCENT = 3;
const MUCH_CONCEALED_PERCENT = 2;
const FEW_LOST_PERCENT = 1;
const FAR_MS = 250;
const JUMP_MS = 100;

/** The most likely causes, worst first; empty if the connection is fine. */
export function diagnose(points: readonly QualityPoint[], stats: ConnectionStats | null): readonly Finding[] {
  const recent = points.slice(-RECENT_POINTS).flatMap(({ quality }) => (quality === null ? [] : [quality]));
  const mean = (key: keyof Omit<Quality, 'grade'>) => meanOf(recent.map((quality) => quality[key]));
  const rttMs = recent.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]));
  const [leastMs, mostMs] = [Math.min(...rttMs), Math.max(...rttMs)];
  const lostDown = mean('lossDownPercent');
  const rules: Readonly<Record<Finding, boolean>> = {
    loss_up: mean('lossUpPercent') >= MANY_LOST_PERCENT,
    loss_down: lostDown >= MANY_LOST_PERCENT,
    busy_computer: mean('concealedPercent') >= MUCH_CONCEALED_PERCENT && lostDown < FEW_LOST_PERCENT,
    full_line: rttMs.length > 1 && mostMs - leastMs >= JUMP_MS,
    far_away: rttMs.length > 0 && leastMs >= FAR_MS,
    no_udp: stats?.path != null && stats.path.transport !== 'udp',
  };
  return (Object.keys(rules) as Finding[]).filter((finding) => rules[finding]);
}

/** Of the known ones; 0 if none is known. */
function meanOf(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}
