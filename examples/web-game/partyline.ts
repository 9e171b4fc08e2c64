/** Starts a voice server of its own for the game, as a child process. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface VoiceServer {
  /** Its address, without a slash at the end. */
  readonly url: string;
  readonly adminToken: string;
  stop(): Promise<void>;
}

/**
 * It serves this machine only, on free ports, and admits only those with a join token of the game.
 *
 * @param pageOrigins browsers let only pages of these origins speak to it
 */
export async function startPartyline(pageOrigins: readonly string[]): Promise<VoiceServer> {
  const adminToken = randomBytes(24).toString('hex');
  const flags = ['--port', '0', '--media-port', '0', '--access', 'token', '--allow-origins', pageOrigins.join()];
  const child = spawn(process.execPath, [PROGRAM, ...flags], {
    // Other users of the machine can read flags, but not these.
    env: {
      ...process.env,
      PARTYLINE_ADMIN_TOKEN: adminToken,
      PARTYLINE_TOKEN_SECRET: randomBytes(32).toString('hex'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  // This also happens if the game ends with an error.
  process.once('exit', () => child.kill());
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
      const [, address] = /ready: open (http\S+?)\/?["\s]/.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    });
    ended.then(() => reject(new Error(`the voice server has ended:\n${output}`)), reject);
  });
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { url, adminToken, stop };
}
