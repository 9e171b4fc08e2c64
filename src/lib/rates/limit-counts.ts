/** Every limit that clients can hit, as the label of a metric. `docs/metrics.md` lists the setting for each. */
export const LIMITS = [
  'connections',
  'connections_per_address',
  'connects_per_minute',
  'joins_per_minute',
  'failed_joins_per_minute',
  'failed_api_requests_per_minute',
  'requests_per_minute',
  'rooms',
  'rooms_per_address',
  'participants_per_room',
  'publishers',
  'listeners',
  'bots',
  'broadcast_sessions_per_address',
  'join_time',
  'message_size',
  'messages_per_second',
  'offers_per_second',
  'state_changes_per_second',
  'room_update_bytes',
  'chat_lines_per_second',
  'chat_bytes',
  'chat_files',
  'chat_file_bytes',
  'data_per_second',
  'people_pages_per_second',
  'data_bytes',
  'bytes_per_second',
  'unsent_bytes',
  'http_connections',
  'http_connections_per_address',
  'http_requests_at_once',
] as const;

export type Limit = (typeof LIMITS)[number];

/** Counts how often each limit was hit. */
export class LimitCounts {
  readonly #counts = new Map<Limit, number>(LIMITS.map((limit) => [limit, 0]));

  hit(limit: Limit): void {
    this.#counts.set(limit, (this.#counts.get(limit) ?? 0) + 1);
  }

  /** All limits, including those never hit. */
  get counts(): ReadonlyMap<Limit, number> {
    return this.#counts;
  }
}
