import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { becomes, hears, startServerAndSite, TONE, visit } from '../helpers/other-site.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';

test('a room in a page of another site', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const { site, chromium, server } = await startServerAndSite(t);

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

  t.test('the element shows the room in a language', async (t) => {
    site.files.set(
      '/',
      `<!doctype html><title>Element</title><script type="module" src="${server}/embed.js"></script>
      <partyline-voice server="${server}" room="element" lang="de"></partyline-voice>
      <script>document.querySelector('partyline-voice').addEventListener('participants', ({ detail }) => { globalThis.people = detail; });</script>`,
    );
    const ben = await visit(chromium, server, 'element');
    const ada = await chromium.open(`${site.origin}/`, { microphone: TONE });
    await becomes(ada, `globalThis.people !== undefined`);
    const frame = ada.page.frames().find((one) => one.url().startsWith(server));
    t.equal(await frame?.evaluate('document.documentElement.lang'), 'de');
    await ada.page.evaluate(`document.querySelector('partyline-voice').frame.join({ name: 'Ada' })`);
    await hears(ben, 'Ada');
    await becomes(ada, 'people.length === 2');
    await ada.page.evaluate(`document.querySelector('partyline-voice').remove()`);
    await eventually(async () => (await ben.participants()).length === 1);
    await Promise.all([ada.close(), ben.close()]);
  });
});
