import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { startSoundDaemon } from './sound-daemon.ts';
import { openVoicePage, type VoicePage, type VoicePageOptions } from './voice-page.ts';

// The loader that tap uses for TypeScript cannot resolve an import inside puppeteer's ES modules. It leaves CommonJS
// alone.
const { launch } = createRequire(import.meta.url)('puppeteer-core') as typeof import('puppeteer-core');

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

const FIREFOX_PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
};

export interface VoiceBrowser {
  readonly name: 'chromium' | 'firefox';
  /** Opens a page with its own storage, as in another person's browser. */
  open(url: string, options: VoicePageOptions): Promise<VoicePage>;
  /** Opens an empty page. */
  blankPage(): Promise<Page>;
  close(): Promise<void>;
}

/** Debian's Chromium, headless, with a fake sound device. It plays sound without a click. */
export async function launchChromium(extraFlags: readonly string[] = []): Promise<VoiceBrowser> {
  const browser = await launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [...CHROMIUM_FLAGS, ...extraFlags],
  });
  return { name: 'chromium', open: opener(browser), blankPage: () => browser.newPage(), close: () => browser.close() };
}

/**
 * Debian's Firefox ESR, headless. It must run inside the private network, because it uses no loopback address for
 * WebRTC.
 */
export async function launchFirefox(): Promise<VoiceBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'partyline-firefox-'));
  const sound = await startSoundDaemon();
  const free = async () => {
    await sound.close();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const browser = await launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      env: { ...process.env, HOME: home, PULSE_SERVER: sound.server },
      extraPrefsFirefox: FIREFOX_PREFERENCES,
    });
    const close = async () => {
      await browser.close();
      await free();
    };
    return { name: 'firefox', open: opener(browser), blankPage: () => browser.newPage(), close };
  } catch (thrown) {
    await free();
    throw thrown;
  }
}

function opener(browser: Browser): VoiceBrowser['open'] {
  return async (url, options) => {
    const context = await browser.createBrowserContext();
    return openVoicePage(await context.newPage(), url, options);
  };
}
