/** What has gone through all rooms since the start. */
export interface TextCounts {
  /** Lines of chats. */
  lines: number;
  /** Lines to one participant. */
  privateLines: number;
}

export function noText(): TextCounts {
  return { lines: 0, privateLines: 0 };
}
