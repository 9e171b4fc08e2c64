/** What has gone through all rooms since the start. */
export interface TextCounts {
  /** Lines of chats. */
  lines: number;
  /** Lines to one participant. */
  privateLines: number;
  /** Messages between programs. */
  data: number;
}

/** Nothing has gone through yet. */
export function createTextCounts(): TextCounts {
  return { lines: 0, privateLines: 0, data: 0 };
}
