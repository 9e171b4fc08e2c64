import { build } from 'esbuild';
import type { Page } from 'puppeteer-core';
import type { ProbeMicrophone, ProbeReport } from './browser-probe-types.ts';
import { type HeardTone, heardTone } from './heard-tone.ts';
import { clickWhenReady, WAIT_MS, waitByTime } from './steady-page.ts';

/** Runs in the page before anything else. Browsers log some violations by themselves, but not all. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
  console.error('Content-Security-Policy: ' + effectiveDirective + ' forbids ' + blockedURI + ' (' + sourceFile + ':' + lineNumber + ')'));`;
const ABOUT_POLICY = /content.security.policy/i;

export interface VoicePageOptions {
  /** What the page gets instead of a microphone. */
  readonly microphone: ProbeMicrophone;
  /** If true, connections go only through TURN servers. */
  readonly relayOnly?: boolean;
  /** If true, the offers do not ask for stereo, as those of old clients. */
  readonly mono?: boolean;
  readonly width?: number;
  readonly height?: number;
  /** Called with each violation of the page's Content-Security-Policy. By default the running test fails. */
  readonly onPolicyViolation?: (text: string) => void;
}

/** One row of the page's list of people. */
export interface ShownParticipant {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly isSpeaking: boolean;
  readonly isMuted: boolean;
  readonly isDeafened: boolean;
}

export interface JoinChoices {
  readonly name: string;
  readonly mode?: 'open' | 'muted' | 'listen';
}

/** Opens Partyline's page with the probe in it. */
export async function openVoicePage(page: Page, url: string, options: VoicePageOptions): Promise<VoicePage> {
  const { onPolicyViolation = failTest, width = 1000, height = 760, ...probe } = options;
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error') errors.push(text);
    if (ABOUT_POLICY.test(text)) onPolicyViolation(text);
  });
  await page.setViewport({ width, height });
  const install = `${await bundleProbe()}browserProbe.install(${JSON.stringify(probe)});`;
  await page.evaluateOnNewDocument(`${install}${TELL_VIOLATIONS}`);
  await page.goto(url, { waitUntil: 'load' });
  return new VoicePage(waitByTime(page), errors);
}

/** A person using Partyline's page: clicks its buttons, looks at it, and hears what it plays. */
export class VoicePage {
  readonly page: Page;
  /** The name of the person who last joined. */
  name = 'nobody';
  /** What the page threw or logged as an error, oldest first. */
  readonly errors: readonly string[];

  constructor(page: Page, errors: readonly string[]) {
    this.page = page;
    this.errors = errors;
  }

  /** Fills in the form and clicks Join. */
  async join({ name, mode = 'open' }: JoinChoices): Promise<void> {
    this.name = name;
    await this.type('name', name);
    await this.click(`mode-${mode}`);
    await this.click('join');
  }

  /** The dialog is loaded when it is first opened. */
  async openSettings(): Promise<void> {
    await this.click('settings');
    await this.waitFor('settings-dialog');
  }

  async type(testId: string, text: string): Promise<void> {
    const field = selector(testId);
    await clickWhenReady(this.page, field, 3);
    await this.page.type(field, text);
  }

  async click(testId: string): Promise<void> {
    await this.clickOn(selector(testId));
  }

  /** Waits for the element, which the page may draw anew at any moment, until it can be clicked. */
  async clickOn(cssSelector: string): Promise<void> {
    await clickWhenReady(this.page, cssSelector);
  }

  /** Waits until the page says that sound is flowing. */
  async waitForSound(): Promise<void> {
    const connected = `${selector('connection-state')}[data-state="connected"][data-media="connected"]`;
    await this.page.waitForSelector(connected, { timeout: WAIT_MS });
  }

  async waitFor(testId: string, attributes = ''): Promise<void> {
    await this.page.waitForSelector(`${selector(testId)}${attributes}`, { timeout: WAIT_MS });
  }

  /** Attribute of the first element with this test id; null if there is no such element or attribute. */
  async attribute(testId: string, name: string): Promise<string | null> {
    return (await this.page.evaluate(
      `document.querySelector(${JSON.stringify(selector(testId))})?.getAttribute(${JSON.stringify(name)}) ?? null`,
    )) as string | null;
  }

  async participants(): Promise<readonly ShownParticipant[]> {
    return (await this.page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector('participant'))})].map((row) => ({
      id: row.dataset.participantId,
      name: row.querySelector('.person-name').textContent,
      isSelf: row.dataset.self === 'true',
      isSpeaking: row.dataset.speaking === 'true',
      isMuted: row.dataset.muted === 'true',
      isDeafened: row.dataset.deafened === 'true',
    }))`)) as ShownParticipant[];
  }

  /** Samples at 48 kHz of what the page plays from now on. */
  async record(seconds: number): Promise<Float32Array> {
    const [samples = new Float32Array(0)] = await this.#record(seconds, 1);
    return samples;
  }

  /** The same, for the left and the right side. */
  async recordStereo(seconds: number): Promise<readonly [left: Float32Array, right: Float32Array]> {
    const [left = new Float32Array(0), right = new Float32Array(0)] = await this.#record(seconds, 2);
    return [left, right];
  }

  async #record(seconds: number, sides: 1 | 2): Promise<Float32Array[]> {
    const recorded = (await this.page.evaluate(`browserProbe.record(${seconds}, ${sides})`)) as string[];
    return recorded.map((base64) => {
      const bytes = Buffer.from(base64, 'base64');
      return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    });
  }

  /** How loud each of these frequencies is in what the page plays. */
  async hear(frequenciesHz: readonly number[], seconds: number): Promise<Map<number, HeardTone>> {
    const samples = await this.record(seconds);
    return new Map(frequenciesHz.map((hz) => [hz, heardTone(samples, hz)]));
  }

  /** What the page gets from the next getUserMedia call on. */
  async setMicrophone(microphone: ProbeMicrophone): Promise<void> {
    await this.page.evaluate(`browserProbe.setMicrophone(${JSON.stringify(microphone)})`);
  }

  async unplugMicrophone(): Promise<void> {
    await this.page.evaluate('browserProbe.unplugMicrophone()');
  }

  /** Whether the browser plays sound without a click. */
  async setSoundAllowed(allowed: boolean): Promise<void> {
    await this.page.evaluate(`browserProbe.${allowed ? 'allowSound' : 'refuseSound'}()`);
  }

  async report(): Promise<ProbeReport> {
    return (await this.page.evaluate('browserProbe.report()')) as ProbeReport;
  }

  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path: path as `${string}.png` });
  }

  async close(): Promise<void> {
    await this.page.browserContext().close();
  }
}

/** Events occur outside any call from a test. tap counts an uncaught error against the running test. */
function failTest(text: string): void {
  queueMicrotask(() => {
    throw new Error(`the page did something against its policy: ${text}`);
  });
}

function selector(testId: string): string {
  return `[data-testid="${testId}"]`;
}

let bundled: Promise<string> | undefined;

function bundleProbe(): Promise<string> {
  bundled ??= build({
    entryPoints: [new URL('../web/browser-probe.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'browserProbe',
    footer: { js: 'globalThis.browserProbe = browserProbe;' },
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '');
  return bundled;
}
