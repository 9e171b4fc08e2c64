/** Which rooms somebody may join after signing in, and as whom, from what the provider says about them (its claims). */
import { createHash } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { MAX_IDENTITY_LENGTH } from '../../protocol/bounds.ts';
import type { TokenGrant } from '../../rooms/join-token.ts';
import { MAX_NAME_CHARACTERS, participantName, roomKey } from '../../rooms/names.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface SignInRules {
  /** The claim with the name; others are tried if it is empty. */
  readonly nameClaim: string;
  /** The claim with the groups: a name, or a path with dots. */
  readonly groupsClaim: string;
  /** `ROOM=GROUP`: only these groups get into this room. `*` is every room that is not listed. */
  readonly rooms: readonly string[];
  /** Groups that moderate. */
  readonly moderators: readonly string[];
}

const OTHER_NAMES = ['name', 'preferred_username', 'nickname'];
const MAX_GROUPS = 1000;
const ALL_OTHERS = '*';

/**
 * Throws `not_allowed` if they may not join the room, or `sign_in_failed` if the claims say not who they are.
 * @param isFree whether this identity may have this name
 */
export function grantOf(
  claims: Claims,
  room: string,
  rules: SignInRules,
  isFree: (name: string, identity: string) => boolean,
): TokenGrant {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '') throw new AppError('sign_in_failed');
  const groups = groupsOf(claims, rules.groupsClaim);
  if (!mayEnter(roomKey(room), groups, rules.rooms))
    throw new AppError('not_allowed', 'Your account may not join this room.');
  const identity = identityOf(sub);
  const name = nameOf(claims, rules.nameClaim, (one) => isFree(one, identity));
  return { room, identity, name, maySpeak: true, mayModerate: rules.moderators.some((group) => groups.has(group)) };
}

/** Whether everything that the rules look at is there. */
export function isComplete(claims: Claims, { nameClaim, groupsClaim, rooms, moderators }: SignInRules): boolean {
  const needsGroups = rooms.length + moderators.length > 0;
  return typeof claims[nameClaim] === 'string' && (!needsGroups || valueAt(claims, groupsClaim) !== undefined);
}

function mayEnter(key: string, groups: ReadonlySet<string>, rules: readonly string[]): boolean {
  const pairs = rules.map((rule) => {
    const at = rule.indexOf('=');
    const room = rule.slice(0, at);
    return { key: room === ALL_OTHERS ? room : roomKey(room), group: rule.slice(at + 1) };
  });
  const own = pairs.filter((pair) => pair.key === key);
  const asked = own.length > 0 ? own : pairs.filter((pair) => pair.key === ALL_OTHERS);
  return asked.length === 0 || asked.some(({ group }) => groups.has(group));
}

function groupsOf(claims: Claims, claim: string): ReadonlySet<string> {
  const value = valueAt(claims, claim);
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, MAX_GROUPS) : [value];
  return new Set(list.filter((one): one is string => typeof one === 'string'));
}

/** Names of claims may contain dots themselves (`https://example.org/groups`). */
function valueAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}

/** The prefix keeps the identities of a provider apart from those of tokens that others make. */
function identityOf(sub: string): string {
  const identity = `oidc:${sub}`;
  if (identity.length <= MAX_IDENTITY_LENGTH) return identity;
  return `oidc-sha256:${createHash('sha256').update(sub).digest('base64url')}`;
}

/** Undefined if none can be used: then they choose their own. */
function nameOf(claims: Claims, claim: string, isFree: (name: string) => boolean): string | undefined {
  for (const key of [claim, ...OTHER_NAMES]) {
    const value = valueAt(claims, key);
    if (typeof value !== 'string') continue;
    try {
      const name = participantName([...value.slice(0, 4 * MAX_NAME_CHARACTERS)].slice(0, MAX_NAME_CHARACTERS).join(''));
      if (isFree(name)) return name;
    } catch {
      // The next one may be better.
    }
  }
  return undefined;
}
