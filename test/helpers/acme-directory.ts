import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../bench/lib/free-port.ts';
import { makeSelfSigned } from '../../src/server/tls/self-signed.ts';
import { answering, end } from './background-program.ts';

export interface AcmeDirectoryOptions {
  /** Ports of 127.0.0.1 that it checks instead of 80 and 443. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Validity of the certificates that it issues. */
  readonly validitySeconds?: number;
}

export interface AcmeDirectory {
  readonly url: string;
  /** The root of its own certificate, for `--acme-ca`. */
  readonly caFile: string;
  /** The root of the certificates that it issues, for clients. */
  root(): Promise<string>;
  /** Certificates issued so far. */
  issued(): number;
  /** Everything printed so far. */
  output(): string;
  /** From now on DNS fails for this name, or works again. */
  setDnsFault(name: string, faulty: boolean): Promise<void>;
  /** Stops it, so that it can no longer be reached. */
  stop(): Promise<void>;
  /** Stops it and deletes its files. */
  close(): Promise<void>;
}

/**
 * Debian's pebble, the server with which Let's Encrypt tests clients, and a DNS server that resolves every name to
 * 127.0.0.1.
 */
export async function startAcmeDirectory(options: AcmeDirectoryOptions): Promise<AcmeDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'partyline-acme-'));
  const [port, managementPort, dnsPort, dnsManagementPort] = await Promise.all(
    Array.from({ length: 4 }, () => freePort()),
  );
  const own = await makeSelfSigned(['localhost', '127.0.0.1'], Date.now());
  const file = (name: string) => join(directory, name);
  await writeFile(file('cert.pem'), own.chainPem);
  await writeFile(file('key.pem'), own.keyPem);
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: file('cert.pem'),
    privateKey: file('key.pem'),
    httpPort: options.httpPort,
    tlsPort: options.tlsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    certificateValidityPeriod: options.validitySeconds ?? 86_400,
  };
  await writeFile(file('config.json'), JSON.stringify({ pebble }));
  let output = '';
  const children: ChildProcess[] = [];
  const run = (command: string, args: readonly string[], env = {}): ChildProcess => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
      });
    }
    children.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
  };
  const close = async (): Promise<void> => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  };
  const nothingElse = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
  const dns = ['-dns01', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${dnsManagementPort}`, '-defaultIPv6', ''];
  const names = run('pebble-challtestsrv', [...nothingElse, ...dns]);
  const authority = run('pebble', ['-config', file('config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`], {
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_AUTHZREUSE: '0',
  });
  try {
    await answering(names, dnsManagementPort!);
    for (const each of [port, managementPort]) await answering(authority, each!);
  } catch (error) {
    await close();
    throw new Error(`pebble did not start: ${output}`, { cause: error });
  }
  return {
    url: `https://127.0.0.1:${port}/dir`,
    caFile: file('cert.pem'),
    root: () => read(`https://127.0.0.1:${managementPort}/roots/0`, own.chainPem),
    issued: () => output.match(/Issued certificate/g)?.length ?? 0,
    output: () => output,
    setDnsFault: async (host, faulty) => {
      const address = `http://127.0.0.1:${dnsManagementPort}/${faulty ? 'set' : 'clear'}-servfail`;
      await fetch(address, { method: 'POST', body: JSON.stringify({ host }) });
    },
    stop,
    close,
  };
}

async function read(url: string, ca: string): Promise<string> {
  const [answer] = await once(get(url, { ca, agent: false }), 'response');
  return text(answer);
}
