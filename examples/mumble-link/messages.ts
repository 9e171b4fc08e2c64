/** The messages of the helper to its page. */
import type { LinkState } from './link-memory.ts';

export type HelperMessage =
  | { readonly type: 'voice'; readonly url: string; readonly room: string; readonly token?: string }
  | { readonly type: 'game'; readonly state: LinkState };
