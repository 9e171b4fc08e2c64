import { createHash } from 'node:crypto';
import { isSameSecret } from '../lib/same-secret.ts';

/** 132 bits. */
const LENGTH = 22;

/**
 * With it a participant reads files of the chat. It is part of addresses, so it is another secret than the resume token,
 * but made from it, so that it stays the same.
 */
export class FileKey {
  readonly #resumeToken: string;
  #text: string | undefined;

  constructor(resumeToken: string) {
    this.#resumeToken = resumeToken;
  }

  get text(): string {
    this.#text ??= createHash('sha256').update(`files ${this.#resumeToken}`).digest('base64url').slice(0, LENGTH);
    return this.#text;
  }

  is(key: string): boolean {
    return isSameSecret(this.text, key);
  }
}
