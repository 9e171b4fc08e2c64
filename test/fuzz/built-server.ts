import type { RunningServer } from '../helpers/running-server.ts';
import { startServerProcess } from '../helpers/server-process.ts';

/** What `npm run build` built into `directory`, in its own process. Closing it rejects if it did not end cleanly. */
export function startBuiltServer(directory: string): (flags: readonly string[]) => Promise<RunningServer> {
  return async (flags) => {
    const server = await startServerProcess(directory, flags);
    const url = server.url.replace(/\/$/, '');
    let ended: Promise<void> | undefined;
    const end = async () => {
      const code = await server.stop();
      if (code !== 0) throw new Error(`the server ended with code ${code}`);
    };
    return {
      url,
      webSocketUrl: `${url.replace('http:', 'ws:')}/ws`,
      pid: server.pid,
      metrics: server.metrics,
      recentMetrics: server.recentMetrics,
      close: () => {
        ended ??= end();
        return ended;
      },
    };
  };
}
