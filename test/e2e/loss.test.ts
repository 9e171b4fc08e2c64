import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { LossyRelay } from '../helpers/lossy-relay.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { createPrng } from '../helpers/prng.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const SEED = Number(process.env['SEED'] ?? 2198);
/** Every address of this kind belongs to this machine. */
const RELAY_ADDRESS = '127.0.0.2';
const TONE_HZ = 430;
/** The browser sends a report about every five seconds, and two of them must report loss. */
const REPORTS_MS = 16_000;

async function inbound(page: VoicePage) {
  const figures = (await page.report()).inbound;
  const read = (name: string) => Number(figures[name] ?? 0);
  return {
    lost: read('packetsLost'),
    received: read('packetsReceived'),
    concealed: read('concealedSamples') - read('silentConcealedSamples'),
    samples: read('totalSamplesReceived'),
  };
}

/** Measures what comes in from now on, for this long. */
async function watch(page: VoicePage, ms: number): Promise<{ lostShare: number; concealedShare: number }> {
  const before = await inbound(page);
  await sleep(ms);
  const after = await inbound(page);
  const lost = after.lost - before.lost;
  const concealed = after.concealed - before.concealed;
  return {
    lostShare: lost / (lost + after.received - before.received),
    concealedShare: concealed / (after.samples - before.samples),
  };
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}metrics`)).text();
  return [...text.matchAll(new RegExp(`^${name}\\S* (\\d+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}

test('Chromium on a lossy network is sent RED: it restores everything at 10 % loss, and most of it at 20 %', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  t.comment(`SEED=${SEED}`);
  const relay = await LossyRelay.open({
    address: RELAY_ADDRESS,
    serverAddress: PRIVATE_ADDRESS,
    prng: createPrng(SEED),
  });
  t.teardown(() => relay.close());
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--media-port', String(relay.port), '--announce', RELAY_ADDRESS],
  ]);
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const open = async (name: string, frequencyHz: number) => {
    const microphone = { kind: 'tone', frequencyHz, gain: 0.15 } as const;
    const page = await chromium.open(`${server.url}room/loss`, { microphone });
    await page.join({ name, mode: frequencyHz > 0 ? 'open' : 'listen' });
    await page.waitForSound();
    return page;
  };
  const speaker = await open('Ada', TONE_HZ);
  const listener = await open('Ben', 0);
  t.equal(await metric(server.url, 'partyline_rtp_redundant_packets_sent_total'), 0, 'no RED without loss');

  relay.loss = 0.1;
  const without = await watch(listener, 4000);
  await sleep(REPORTS_MS);
  t.ok((await metric(server.url, 'partyline_rtp_redundant_packets_sent_total')) > 0, 'it has reported the loss');
  const withRed = await watch(listener, 15_000);
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  t.ok(withRed.lostShare > 0.06, `${percent(withRed.lostShare)} lost`);
  t.ok(without.concealedShare > 0.04, `${percent(without.concealedShare)} concealed before`);
  t.ok(withRed.concealedShare < 0.03, `${percent(withRed.concealedShare)} concealed with RED`);
  t.ok((await listener.hear([TONE_HZ])).get(TONE_HZ)!.usuallyDbfs > -30, 'the tone is heard');

  relay.loss = 0.2;
  relay.jitterMs = 30;
  relay.duplication = 0.05;
  // Time for jitter buffers to adapt.
  await sleep(3000);
  const worse = await watch(listener, 10_000);
  t.ok(worse.lostShare > 0.13, `${percent(worse.lostShare)} lost, 30 ms of jitter, 5 % duplicated`);
  t.ok(worse.concealedShare < 0.1, `${percent(worse.concealedShare)} concealed`);
  t.ok((await listener.hear([TONE_HZ])).get(TONE_HZ)!.usuallyDbfs > -30, 'the tone is heard');
  t.same([...speaker.errors, ...listener.errors], []);
});
