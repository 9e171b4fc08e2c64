/** What a token of the API is for. */
import type { Operation } from './operations.ts';

/** From the least to the most. */
export const SCOPES = ['read', 'moderate', 'everything'] as const;
export type AdminScope = (typeof SCOPES)[number];

export function includesScope(has: AdminScope, needed: AdminScope): boolean {
  return SCOPES.indexOf(has) >= SCOPES.indexOf(needed);
}

/** What an operation needs: reading needs little, unless it is what people have said. */
export function scopeOf({ scope, method, file, download }: Operation): AdminScope {
  return scope ?? (method === 'get' && file === undefined && download === undefined ? 'read' : 'everything');
}
