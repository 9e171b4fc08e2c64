/** What the server says in text on `/media`; `media-socket.ts` has what a client says. */
import type { ErrorCode } from '../lib/errors.ts';

export type MediaSocketAnswer =
  /** Sound goes over this connection from now on. */
  | { readonly type: 'attached' }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string };
