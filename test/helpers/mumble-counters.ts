/** What clients count during a pause of so many ms, from the number after the last packet. The last one never ends a talkspurt. */
export const MUMBLE_COUNTERS: Readonly<Record<string, (next: number, pauseMs: number) => number>> = {
  desktop: (next, pauseMs) => (pauseMs > 5000 ? 0 : next + Math.round(pauseMs / 10)),
  ios: (next, pauseMs) => next + Math.round(pauseMs / 10),
  mumla: (next) => next,
  plumble: () => 0,
  pymumble: (next, pauseMs) => (pauseMs > 5000 ? 0 : next + Math.round(pauseMs / 10)),
  proxy: (next, pauseMs) => next + Math.round(pauseMs / 10),
};
