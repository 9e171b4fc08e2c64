/** What Mumble users are told of recordings, and how they agree to be recorded. */

export const NOT_RECORDED = 'The room is no longer recorded.';
export const AGREED = 'You have agreed to be recorded in this room. Everybody hears you now.';

export function recordingWords(needsConsent: boolean): string {
  return needsConsent
    ? 'This room is being recorded. Nobody hears you until you agree to it: write "/agree" in this channel.'
    : 'This room is being recorded.';
}

/** Whether somebody has written that they agree. */
export function isAgreement(text: string): boolean {
  return /^\s*[/!]?agree\s*$/i.test(text);
}
