/** Somebody who plays `examples/web-game` in a browser. */
import type { KeyInput } from 'puppeteer-core';
import type { Place } from '../../examples/web-game/world.ts';
import type { VoiceBrowser } from './browsers.ts';
import type { VoicePage } from './voice-page.ts';

/** Only a limit for what does not happen at all. */
const WAIT_MS = 60_000;

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
