import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/free-port.ts';
import { answering, end } from './background-program.ts';

export interface NginxOptions {
  /** An empty directory that nobody else uses. */
  readonly directory: string;
  /** Content of the included file, adapted to this machine. */
  readonly configuration: (ports: { readonly http: number; readonly https: number }) => string;
  /** Other lines beside it, for all servers. */
  readonly http: readonly string[];
}

export interface Nginx {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Self-signed, for 127.0.0.1. */
  readonly certificate: string;
  close(): Promise<void>;
}

/**
 * Debian's nginx in its own process and directory, on loopback. The certificate is at `cert.pem` there, its key at
 * `key.pem`.
 */
export async function startNginx({ directory, configuration, http }: NginxOptions): Promise<Nginx> {
  const ports = { http: await freePort(), https: await freePort() };
  const at = (name: string) => join(directory, name);
  mkdirSync(at('temp'));
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', at('key.pem'), '-out', at('cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], { stdio: 'ignore' });
  writeFileSync(at('site.conf'), configuration(ports));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const lines = [
    'daemon off;',
    'master_process off;',
    `pid ${at('pid')};`,
    'error_log stderr;',
    'events {}',
    'http {',
    'access_log off;',
    ...temporary.map((name) => `${name}_temp_path ${at('temp')}/${name};`),
    ...http,
    `include ${at('site.conf')};`,
    '}',
  ];
  writeFileSync(at('nginx.conf'), `${lines.join('\n')}\n`);
  const child = spawn('nginx', ['-p', directory, '-c', at('nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (data) => {
    output += data;
  });
  const close = () => end(child);
  try {
    await answering(child, ports.https);
  } catch (thrown) {
    await close();
    throw new Error(`nginx did not start: ${output}`, { cause: thrown });
  }
  return { httpPort: ports.http, httpsPort: ports.https, certificate: readFileSync(at('cert.pem'), 'utf8'), close };
}
