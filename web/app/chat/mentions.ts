import type { ParticipantInfo } from '../../../src/protocol/messages.ts';

const MAX_SUGGESTIONS = 6;
const MAX_MENTIONS = 20;

/** The start of a name that is being written after `@`; null if none is. */
export function begunMention(text: string, caret: number): string | null {
  return /(?:^|\s)@([^\s@]{0,64})$/u.exec(text.slice(0, caret))?.[1] ?? null;
}

/** People whose name begins so. */
export function suggestions(begun: string, people: Iterable<ParticipantInfo>): ParticipantInfo[] {
  const start = begun.toLowerCase();
  return [...people].filter(({ name }) => name.toLowerCase().startsWith(start)).slice(0, MAX_SUGGESTIONS);
}

/** The text and the caret after the begun name is completed. */
export function completed(
  text: string,
  caret: number,
  name: string,
): { readonly text: string; readonly caret: number } {
  const begun = begunMention(text, caret) ?? '';
  const before = `${text.slice(0, caret - begun.length)}${name} `;
  return { text: before + text.slice(caret), caret: before.length };
}

/** The ids of those whose name the text has after `@`. */
export function mentionsIn(text: string, people: Iterable<ParticipantInfo>): string[] {
  return [...people]
    .filter(({ name }) => text.includes(`@${name}`))
    .slice(0, MAX_MENTIONS)
    .map(({ id }) => id);
}
