import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Test, test } from 'tap';
import { launchChromium, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { installPackage } from '../helpers/sdk-package.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const TONE = { kind: 'tone', frequencyHz: 440, gain: 0.3 } as const;

/** A site of somebody else, which has these files. */
async function startSite(t: Test) {
  const files = new Map<string, string>();
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = files.get(path);
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/html';
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  // Another host than that of the voice server, which is shown as 127.0.0.1.
  return { files, origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}

async function bundle(options: Parameters<typeof build>[0]): Promise<string> {
  const { outputFiles } = await build({ ...options, bundle: true, format: 'esm', write: false, jsx: 'automatic' });
  return outputFiles?.[0]?.text ?? '';
}

async function setUp(t: Test) {
  const site = await startSite(t);
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--allow-origins', site.origin, '--frame-ancestors', site.origin],
  ]);
  t.teardown(() => server.stop());
  const { port } = new URL(server.url);
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  return { site, chromium, server: `http://127.0.0.1:${port}` };
}

/** Somebody in the room by the server's own page, who makes a sound. */
async function visit(chromium: VoiceBrowser, server: string, room: string): Promise<VoicePage> {
  const page = await chromium.open(`${server}/room/${room}`, { microphone: TONE });
  await page.join({ name: 'Ben' });
  await page.waitForSound();
  return page;
}

async function hears(page: VoicePage, name: string): Promise<void> {
  await eventually(async () => {
    const people = await page.participants();
    return people.some((person) => person.name === name && person.isSpeaking) || JSON.stringify(people);
  });
}

/** Waits until this expression is true in the page. */
async function becomes({ page }: VoicePage, expression: string): Promise<void> {
  await eventually(async () => (await page.evaluate(expression)) === true || expression);
}

async function reads(page: VoicePage, selector: string, wanted: RegExp): Promise<void> {
  await eventually(async () => {
    const text = String(await page.page.evaluate(`document.querySelector('${selector}')?.textContent`));
    return wanted.test(text) || `${selector}: ${text}`;
  });
}

test('pages of other sites', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const { site, chromium, server } = await setUp(t);

  for (const example of ['web-page', 'react'] as const)
    t.test(`the example ${example} talks and hears`, async (t) => {
      site.files.set('/', readFileSync(`${EXAMPLES}/${example}/index.html`, 'utf8'));
      if (example === 'react') site.files.set('/app.js', await bundle({ entryPoints: [`${EXAMPLES}/react/app.jsx`] }));
      const ben = await visit(chromium, server, example);
      const ada = await chromium.open(`${site.origin}/?server=${server}&room=${example}`, { microphone: TONE });
      await ada.clickOn('#join');
      await reads(ada, '#people', /Ben speaks/);
      await hears(ben, 'Ada');
      await ada.clickOn('#mute');
      await reads(ada, '#people', /Ada \(muted\)/);
      t.same(ada.errors, []);
      await Promise.all([ada.close(), ben.close()]);
    });

  t.test('an application that has installed the package talks and hears', async (t) => {
    const { project } = await installPackage(t.testdir());
    const contents = `import { VoiceRoom } from '@partyline/client'; globalThis.voice = new VoiceRoom();`;
    site.files.set('/app.js', await bundle({ stdin: { contents, resolveDir: project } }));
    site.files.set('/', '<!doctype html><title>App</title><script type="module" src="/app.js"></script>');
    const ben = await visit(chromium, server, 'package');
    const ada = await chromium.open(`${site.origin}/`, { microphone: TONE });
    t.equal(
      await ada.page.evaluate(`(async () => {
        await voice.connect('${server}', { room: 'package', name: 'Ada', token: undefined });
        await voice.setMicrophoneEnabled(true);
        return voice.isMicrophoneEnabled;
      })()`),
      true,
    );
    await hears(ben, 'Ada');
    await becomes(ada, 'voice.activeSpeakers.some(({ name }) => name === "Ben")');
    t.equal(await ada.page.evaluate(`voice.connect('${server}', {}).catch(({ code }) => code)`), 'already_connected');
    t.match(
      await ada.page.evaluate(
        `voice.localParticipant && voice.moderation.lock(true).catch((error) => error.name + ' ' + error.code)`,
      ),
      'VoiceError not_allowed',
    );
    await ada.page.evaluate('voice.close()');
    await eventually(async () => (await ben.participants()).length === 1);
    await Promise.all([ada.close(), ben.close()]);
  });

  t.test('a page with the room in a frame controls it by messages, and nobody else does', async (t) => {
    site.files.set(
      '/attack.html',
      `<script>parent.frames[0].postMessage({ partyline: 1, command: 'leave', id: 1 }, '*')</script>`,
    );
    site.files.set(
      '/',
      `<!doctype html><title>Frame</title><body><script type="module">
        import { PartylineFrame } from '${server}/embed.js';
        globalThis.told = {};
        globalThis.voice = new PartylineFrame(document.body, { server: '${server}', room: 'frame' });
        for (const name of ['ready', 'state', 'participants', 'speaking']) voice.on(name, (data) => { told[name] = data ?? true; });
      </script>`,
    );
    const ben = await visit(chromium, server, 'frame');
    const ada = await chromium.open(`${site.origin}/`, { microphone: TONE });
    await becomes(ada, 'told.ready === true');
    t.equal(await ada.page.evaluate(`voice.send('dance').catch(({ code }) => code)`), 'unknown_type');
    t.equal(
      await ada.page.evaluate(`voice.join({ name: 'Ada', token: 'nonsense' }).catch(({ code }) => code)`),
      'token_invalid',
    );
    await ada.page.evaluate(`voice.join({ name: 'Ada' })`);
    await hears(ben, 'Ada');
    await becomes(ada, 'told.speaking.length > 0 && told.participants.length === 2');
    t.equal(await ada.page.evaluate('told.state.status'), 'connected');
    await ada.page.evaluate(`new Promise((resolve) => {
      const frame = Object.assign(document.createElement('iframe'), { src: '/attack.html', onload: resolve });
      document.body.append(frame);
    })`);
    await ada.page.evaluate(`voice.send('setMuted', { muted: true })`);
    await becomes(ada, `told.participants.find(({ isLocal }) => isLocal)?.muted === true`);
    t.equal(await ada.page.evaluate('told.state.status'), 'connected', 'another frame could not make her leave');
    await ada.page.evaluate(`voice.send('leave')`);
    await becomes(ada, `told.state.status === 'closed'`);
    await Promise.all([ada.close(), ben.close()]);
  });

  t.test('the element shows the room', async () => {
    site.files.set(
      '/',
      `<!doctype html><title>Element</title><script type="module" src="${server}/embed.js"></script>
      <partyline-voice server="${server}" room="element"></partyline-voice>
      <script>document.querySelector('partyline-voice').addEventListener('participants', ({ detail }) => { globalThis.people = detail; });</script>`,
    );
    const ben = await visit(chromium, server, 'element');
    const ada = await chromium.open(`${site.origin}/`, { microphone: TONE });
    await becomes(ada, `globalThis.people !== undefined`);
    await ada.page.evaluate(`document.querySelector('partyline-voice').frame.join({ name: 'Ada' })`);
    await hears(ben, 'Ada');
    await becomes(ada, 'people.length === 2');
    await ada.page.evaluate(`document.querySelector('partyline-voice').remove()`);
    await eventually(async () => (await ben.participants()).length === 1);
    await Promise.all([ada.close(), ben.close()]);
  });

  t.test('the bot says something', async (t) => {
    const ben = await visit(chromium, server, 'bot');
    const bot = spawn(process.execPath, [
      ...['--import', 'tsx', `${EXAMPLES}/bot/main.ts`, '--server', server, '--room', 'bot', '--name', 'Bot'],
    ]);
    const ended = once(bot, 'exit');
    await hears(ben, 'Bot');
    t.equal((await ended)[0], 0);
    await eventually(async () => (await ben.participants()).length === 1);
    await ben.close();
  });
});
