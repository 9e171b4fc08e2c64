/** Checks whether the ports can be opened or are used by a running Partyline. */
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer, get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import { sharesPort } from '../../config/one-port.ts';
import { tlsModeOf } from '../../config/tls.ts';
import { formatEndpoint } from '../../lib/net/host-port.ts';
import { isPortInUse, type MediaAddress } from '../../rtc/net/datagram-port.ts';
import { MediaPort } from '../../rtc/net/media-port.ts';
import { listenError, StartError, secondPortError } from '../../server/start-error.ts';
import { checkUnixSocket } from '../../server/unix-socket.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';

const ASK_LIMIT_MS = 5000;

export async function checkPorts({ config, clock }: CheckInput): Promise<readonly CheckResult[]> {
  const http = config.unixSocket === '' ? await httpPort(config) : await unixSocket(config);
  const plain = config.httpPort === 0 ? [] : [await plainHttpPort(config, http.running !== undefined)];
  const media = await mediaPorts({ config, clock }, http.running !== undefined);
  return [http.result, ...plain, media, ...candidatesOf(http.running), ...problemsOf(http.running)];
}

/** The redirect port next to the one with TLS. */
async function plainHttpPort(config: Config, isRunning: boolean): Promise<CheckResult> {
  const name = 'plain HTTP port';
  const server = createServer();
  try {
    server.listen({ host: config.host, port: config.httpPort });
    await once(server, 'listening');
    return { name, status: 'ok', text: `TCP port ${config.httpPort} on ${config.host} is free.` };
  } catch (error) {
    if (!isRunning || !isPortInUse(error))
      return { name, status: 'fail', text: secondPortError(error, config).message };
    const text = `TCP port ${config.httpPort} on ${config.host} is in use, apparently by the running Partyline.`;
    return { name, status: 'ok', text };
  } finally {
    server.close();
  }
}

async function httpPort(config: Config): Promise<{ result: CheckResult; running?: RunningServer }> {
  const name = 'HTTP port';
  const server = createServer();
  try {
    server.listen({ host: config.host, port: config.port });
    await once(server, 'listening');
    const text = `TCP port ${config.port} on ${config.host} is free.`;
    return { result: { name, status: 'ok', text } };
  } catch (error) {
    const running = isPortInUse(error) ? await runningServer(config) : undefined;
    if (running === undefined) return { result: { name, status: 'fail', text: listenError(error, config).message } };
    const text = `TCP port ${config.port} on ${config.host} is used by Partyline ${running.version}, which is running.`;
    return { result: { name, status: 'ok', text }, running };
  } finally {
    server.close();
  }
}

async function unixSocket(config: Config): Promise<{ result: CheckResult; running?: RunningServer }> {
  const name = 'Unix socket';
  const path = config.unixSocket;
  try {
    const left = (await checkUnixSocket(path)) === 'left behind' ? ', after a server that is gone' : '';
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    return { result: { name, status: 'ok', text: `${path} can be used${left}.` } };
  } catch (error) {
    if (!(error instanceof StartError)) {
      const text = `${path} cannot be created: ${reasonOf(error)}. Choose another with --unix-socket.`;
      return { result: { name, status: 'fail', text } };
    }
    const running = await runningServer(config);
    if (running === undefined) return { result: { name, status: 'fail', text: error.message } };
    const text = `${path} is used by Partyline ${running.version}, which is running.`;
    return { result: { name, status: 'ok', text }, running };
  }
}

/** The parts of `/healthz` that matter here. */
const runningServerSchema = z.object({
  version: z.string(),
  workers: z.array(z.unknown()),
  problems: z.array(z.object({ message: z.string() })).default([]),
  candidates: z.array(z.string()).default([]),
});
type RunningServer = z.output<typeof runningServerSchema>;

/** Where the running server is reached now, which may differ from its start. */
function candidatesOf(running: RunningServer | undefined): CheckResult[] {
  const { candidates = [] } = running ?? {};
  if (candidates.length === 0) return [];
  return [{ name: 'running server', status: 'ok', text: `Media is received at ${candidates.join(', ')}.` }];
}

/** Problems known to the running server, such as a reverse proxy that is not in `trust-proxy`. */
function problemsOf(running: RunningServer | undefined): CheckResult[] {
  const problems = running?.problems ?? [];
  return problems.map(({ message }) => ({ name: 'running server', status: 'warn', text: message }));
}

/** The running Partyline that uses the HTTP port; undefined if it is another program. */
async function runningServer(config: Config): Promise<RunningServer | undefined> {
  const { host, port, unixSocket } = config;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const get = tlsModeOf(config) === 'off' ? getHttp : getHttps;
  try {
    const signal = AbortSignal.timeout(ASK_LIMIT_MS);
    // The certificate does not cover this address.
    const place = unixSocket === '' ? { host: reachable, port } : { socketPath: unixSocket };
    const request = get({ ...place, path: '/healthz', signal, rejectUnauthorized: false });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return runningServerSchema.safeParse(JSON.parse(Buffer.concat(await answer.toArray()).toString())).data;
  } catch {
    return undefined;
  }
}

async function mediaPorts({ config, clock }: CheckInput, isRunning: boolean): Promise<CheckResult> {
  const name = 'media ports';
  const { mediaHost: hosts, mediaPort, workers } = config;
  const onePort = sharesPort(config);
  const tcp = config.mediaTcp === 'on';
  const count = mediaPort === 0 ? 1 : Math.max(1, workers);
  const ports = mediaPort === 0 ? [0] : Array.from({ length: count }, (_, index) => mediaPort + index);
  let inUse = 0;
  const withoutTcp: string[] = [];
  for (const port of ports) {
    try {
      const opened = await MediaPort.open({ hosts, port, tcp: tcp && !onePort, clock });
      if (tcp && !onePort) withoutTcp.push(...udpOnly(opened.addresses));
      await opened.close();
    } catch (error) {
      if (isRunning && error instanceof Error && isPortInUse(error.cause)) inUse++;
      else
        return {
          name,
          status: 'fail',
          text: `${sentence(reasonOf(error))} Choose another port or address with --media-port and --media-host.`,
        };
    }
  }
  const which = `${tcp && !onePort ? 'UDP and TCP' : 'UDP'} ${inWords(ports)}`;
  if (inUse > 0) return { name, status: 'ok', text: `${which}: in use, apparently by the running Partyline.` };
  if (withoutTcp.length > 0) {
    const text = `${which} can be opened, except TCP on ${withoutTcp.join(', ')}, which another program uses.`;
    return { name, status: 'warn', text };
  }
  const tcpInWords = onePort ? ` Media over TCP uses the port of the page, ${mediaPort}.` : '';
  return { name, status: 'ok', text: `${which} can be opened.${tcpInWords}` };
}

/** Addresses on which the server would run without TCP. */
function udpOnly(addresses: readonly MediaAddress[]): string[] {
  const on = (protocol: string) => addresses.filter((address) => address.protocol === protocol);
  const tcp = new Set(on('tcp').map(({ address }) => address));
  return on('udp').flatMap(({ address, port }) => (tcp.has(address) ? [] : [formatEndpoint(address, port)]));
}

/** `40000`, or `40000 to 40002`, or the words for a port that the system chooses. */
export function inWords(ports: readonly number[]): string {
  const [first = 0] = ports;
  if (first === 0) return 'any free port';
  return ports.length === 1 ? `port ${first}` : `ports ${first} to ${ports.at(-1)}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
