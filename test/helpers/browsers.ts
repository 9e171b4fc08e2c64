import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, LaunchOptions, Page } from 'puppeteer-core';
import { atGroupEnd, isGroup } from '../../scripts/test/group.mjs';
import { runAllFirst } from './priority.ts';
import { type SoundDaemon, startSoundDaemon } from './sound-daemon.ts';
import { waitByTime } from './steady-page.ts';
import { openVoicePage, type VoicePage, type VoicePageOptions } from './voice-page.ts';

// The loader that tap uses for TypeScript cannot resolve an import inside puppeteer's ES modules. It leaves CommonJS
// alone. Loaded when it is needed: a test loads this file twice, outside its private network and in it.
const puppeteer = () => createRequire(import.meta.url)('puppeteer-core') as typeof import('puppeteer-core');

/** Parts of the browser's own window. For each new person it would load them, which takes longer than our page. */
const WINDOW_FEATURES = ['WebUIOmniboxPopup', 'WebUIOmniboxFullPopup', 'WebUIOmniboxAimPopup', 'PreloadTopChromeWebUI'];

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
  `--disable-features=${['WebRtcHideLocalIpsWithMdns', ...WINDOW_FEATURES].join()}`,
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
  /** Lets the browser run before whatever else the machine does; see `runFirst`. */
  runFirst(): void;
  /** Opens an empty page. */
  blankPage(): Promise<Page>;
  close(): Promise<void>;
}

/**
 * Debian's Chromium, headless, with a fake sound device. It plays sound without a click. Test files that run in one
 * process share it, unless they want other flags.
 */
export function launchChromium(extraFlags: readonly string[] = []): Promise<VoiceBrowser> {
  return isGroup() && extraFlags.length === 0 ? share('chromium', startChromium) : startChromium(extraFlags);
}

/**
 * A Chromium whose pages share the tab with this title when they ask what to share. Chromium captures nothing of a
 * browser that is muted, and with the fake permission dialog it shares no real tab.
 */
export function launchSharingChromium(title: string): Promise<VoiceBrowser> {
  return startChromium(
    [`--auto-select-tab-capture-source-by-title=${title}`],
    ['--mute-audio', '--use-fake-ui-for-media-stream'],
  );
}

/**
 * Debian's Firefox ESR, headless, likewise shared. It must run inside the private network, because it uses no loopback
 * address for WebRTC.
 */
export function launchFirefox(): Promise<VoiceBrowser> {
  return isGroup() ? share('firefox', startFirefox) : startFirefox();
}

interface StartedBrowser extends VoiceBrowser {
  readonly browser: Browser;
}

/** Those that the files of this process share. */
const shared = new Map<VoiceBrowser['name'], StartedBrowser>();

/** A part of a browser that other test files use as well; closing it closes its pages. */
async function share(name: VoiceBrowser['name'], launch: () => Promise<StartedBrowser>): Promise<VoiceBrowser> {
  let started = shared.get(name);
  if (started?.browser.connected !== true) {
    started = await launch();
    shared.set(name, started);
    atGroupEnd(started.close);
  }
  const { open, runFirst, blankPage } = started;
  const pages: VoicePage[] = [];
  return {
    name,
    open: async (url, options) => {
      const page = await open(url, options);
      pages.push(page);
      return page;
    },
    runFirst,
    blankPage,
    close: async () => {
      for (const page of pages) if (!page.page.isClosed()) await page.close();
    },
  };
}

async function startChromium(
  extraFlags: readonly string[] = [],
  without: readonly string[] = [],
): Promise<StartedBrowser> {
  const home = await makeHome();
  return start('chromium', home, {
    executablePath: '/usr/bin/chromium',
    args: [...CHROMIUM_FLAGS.filter((flag) => !without.includes(flag)), ...extraFlags],
    ignoreDefaultArgs: [...without],
  });
}

async function startFirefox(): Promise<StartedBrowser> {
  const [home, sound] = await Promise.all([makeHome(), startSoundDaemon()]);
  return start(
    'firefox',
    home,
    {
      executablePath: '/usr/bin/firefox-esr',
      env: { ...process.env, HOME: home, PULSE_SERVER: sound.server },
      extraPrefsFirefox: FIREFOX_PREFERENCES,
      // As Chromium with a flag of its own.
      acceptInsecureCerts: true,
    },
    sound,
  );
}

function makeHome(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'partyline-browser-'));
}

async function start(
  name: VoiceBrowser['name'],
  home: string,
  options: LaunchOptions,
  sound?: SoundDaemon,
): Promise<StartedBrowser> {
  const free = async () => {
    await sound?.close();
    // A process that is ending may still write.
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  };
  const profile = join(home, 'profile');
  const browser = await puppeteer()
    .launch({
      browser: name === 'chromium' ? 'chrome' : name,
      headless: true,
      userDataDir: profile,
      ...options,
    })
    .catch(async (thrown) => {
      await free();
      throw thrown;
    });
  const close = async () => {
    const child = browser.process()!;
    const ended = once(child, 'exit');
    // It would take seconds to save what nobody needs. It is the leader of its process group.
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
    await free();
  };
  const first = () => runAllFirst(browser.process()!.pid!);
  const blankPage = async () => waitByTime(await browser.newPage());
  return { name, browser, open: opener(browser), runFirst: first, blankPage, close };
}

function opener(browser: Browser): VoiceBrowser['open'] {
  return async (url, options) => {
    const context = await browser.createBrowserContext();
    return openVoicePage(await context.newPage(), url, options);
  };
}
