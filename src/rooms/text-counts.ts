/** What has gone through all rooms since the start. */
export interface TextCounts {
  /** Lines of chats. */
  lines: number;
  /** Lines to one participant. */
  privateLines: number;
  /** Messages between programs. */
  data: number;
}

export function noText(): TextCounts {
  return { lines: 0, privateLines: 0, data: 0 };
}
