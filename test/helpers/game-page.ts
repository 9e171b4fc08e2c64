/** The example `examples/web-game`, and somebody who plays it in a browser. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { KeyInput } from 'puppeteer-core';
import type { Place } from '../../examples/web-game/world.ts';
import type { VoiceBrowser } from './browsers.ts';
import { runFirst } from './priority.ts';
import type { VoicePage } from './voice-page.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Only a limit for what does not happen at all. */
const WAIT_MS = 60_000;

/** Starts it with a voice server of its own. Resolves with the address of its page. */
export async function startWebGame(voiceSettings: Readonly<Record<`PARTYLINE_${string}`, string>>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/web-game/main.ts', '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, ...voiceSettings },
  });
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
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [code] = await ended;
    return code;
  };
  return { url, stop, output: () => output };
}

export interface GamePlayer {
  readonly voice: VoicePage;
  /** Holds a key until `isThere`. */
  walk(key: KeyInput, isThere: (place: Place) => boolean): Promise<void>;
  /** Where this page shows somebody, in metres. */
  placeOf(name: string): Promise<Place>;
}

/** Opens the page with a microphone that picks up a tone, enters the game, and waits for sound. */
export async function playWebGame(
  browser: VoiceBrowser,
  url: string,
  { name, toneHz, toneGain }: { readonly name: string; readonly toneHz: number; readonly toneGain: number },
): Promise<GamePlayer> {
  const voice = await browser.open(url, { microphone: { kind: 'tone', frequencyHz: toneHz, gain: toneGain } });
  voice.name = name;
  const { page } = voice;
  await page.type('#name', name);
  await voice.clickOn('#entry button');
  await page.waitForFunction(`document.getElementById('status').textContent === 'You can talk'`, { timeout: WAIT_MS });
  const placeOf = async (who: string): Promise<Place> => {
    const figure = `document.querySelector(${JSON.stringify(`[data-name="${who}"]`)}).dataset`;
    return (await page.evaluate(`({ x: Number(${figure}.x), z: Number(${figure}.z) })`)) as Place;
  };
  const walk = async (key: KeyInput, isThere: (place: Place) => boolean) => {
    await page.bringToFront();
    const figure = `document.querySelector(${JSON.stringify(`[data-name="${name}"]`)}).dataset`;
    await page.keyboard.down(key);
    await page.waitForFunction(`(${isThere})({ x: Number(${figure}.x), z: Number(${figure}.z) })`, {
      timeout: WAIT_MS,
      polling: 20,
    });
    await page.keyboard.up(key);
  };
  return { voice, walk, placeOf };
}
