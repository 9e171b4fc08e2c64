/** An example that runs in a process of its own, as its `npm run` command starts it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runFirst } from './priority.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface ExampleOptions {
  readonly flags?: readonly string[];
  /** Settings for a voice server that the example starts. */
  readonly voiceSettings?: Readonly<Record<`PARTYLINE_${string}`, string>>;
}

/** Its page is on a free port. Resolves when it has printed the address. */
export async function startExample(
  name: 'web-game' | 'mumble-link',
  { flags = [], voiceSettings = {} }: ExampleOptions,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const program = ['--import', 'tsx', `examples/${name}/main.ts`, '--port', '0', ...flags];
  const child = spawn(process.execPath, program, { cwd: ROOT, env: { ...process.env, ...voiceSettings } });
  runFirst(child.pid!);
  const ended = once(child, 'exit');
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += data;
      const [, address] = /^Open (http\S+)/m.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    ended.then(([code]) => reject(new Error(`ended with ${code} before it was ready: ${output}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, stop };
}
