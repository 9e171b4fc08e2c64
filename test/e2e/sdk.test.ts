import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { becomes, hears, reads, startServerAndSite, TONE, visit } from '../helpers/other-site.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { installPackage } from '../helpers/sdk-package.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

async function bundle(options: Parameters<typeof build>[0]): Promise<string> {
  const { outputFiles } = await build({ ...options, bundle: true, format: 'esm', write: false, jsx: 'automatic' });
  return outputFiles?.[0]?.text ?? '';
}

test('applications of other sites', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const { site, chromium, server } = await startServerAndSite(t);

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
