import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/free-port.ts';
import { answering, end } from './background-program.ts';

export interface Icecast {
  readonly port: number;
  /** What the server says of its only source; undefined if there is none. */
  source(): Promise<Readonly<Record<string, unknown>> | undefined>;
  close(): Promise<void>;
}

export const SOURCE_PASSWORD = 'a-password-of-the-source';

/** Debian's icecast2 in its own process and directory. */
export async function startIcecast(port?: number): Promise<Icecast> {
  const given = port ?? (await freePort());
  const directory = await mkdtemp(join(tmpdir(), 'partyline-icecast-'));
  // It gives up the rights of root, and then writes its log.
  await chmod(directory, 0o777);
  const isRoot = process.getuid?.() === 0;
  const file = join(directory, 'icecast.xml');
  await writeFile(
    file,
    `<icecast><location>here</location><admin>admin@example.org</admin><hostname>127.0.0.1</hostname>
      <limits><sources>2</sources><burst-size>0</burst-size><source-timeout>10</source-timeout></limits>
      <authentication><source-password>${SOURCE_PASSWORD}</source-password>
        <admin-user>admin</admin-user><admin-password>${SOURCE_PASSWORD}</admin-password></authentication>
      <listen-socket><port>${given}</port><bind-address>127.0.0.1</bind-address></listen-socket>
      <paths><basedir>/usr/share/icecast2</basedir><logdir>${directory}</logdir><webroot>/usr/share/icecast2/web</webroot>
        <adminroot>/usr/share/icecast2/admin</adminroot></paths>
      <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>3</loglevel></logging>
      <security><chroot>0</chroot>
        ${isRoot ? '<changeowner><user>nobody</user><group>nogroup</group></changeowner>' : ''}</security>
    </icecast>`,
  );
  await chmod(file, 0o644);
  const child = spawn('icecast2', ['-c', file], { cwd: directory, stdio: 'ignore' });
  const close = async () => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answering(child, given);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    port: given,
    source: async () => {
      const response = await fetch(`http://127.0.0.1:${given}/status-json.xsl`);
      // In its first moments Icecast 2.4.4 sends what is no JSON.
      const status = (await response.json().catch(() => ({}))) as {
        readonly icestats?: { readonly source?: Readonly<Record<string, unknown>> };
      };
      return status.icestats?.source;
    },
    close,
  };
}
