import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LossyRelay } from '../helpers/lossy-relay.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { createPrng } from '../helpers/prng.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const SEED = Number(process.env['SEED'] ?? 2198);
/** Every address of this kind belongs to this machine. */
const RELAY_ADDRESS = '127.0.0.2';
const TONES_HZ = { Ada: 430 };
/**
 * 200 packets. Of those that are lost independently, as many as are allowed below get by without being restored in one
 * of ten thousand windows.
 */
const WINDOW_MS = 4000;
/** The browser reports about every five seconds, and two reports must tell of loss. */
const REPORTED_WITHIN_MS = 60_000;

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

/** Measures what comes in while something goes on. */
async function watch(page: VoicePage, meanwhile: Promise<unknown>): Promise<{ lost: number; concealed: number }> {
  const before = await inbound(page);
  await meanwhile;
  const after = await inbound(page);
  const lost = after.lost - before.lost;
  const concealed = after.concealed - before.concealed;
  return {
    lost: lost / (lost + after.received - before.received),
    concealed: concealed / (after.samples - before.samples),
  };
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
  const open = async (name: string, mode: 'open' | 'listen') => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ.Ada, gain: TONE_GAIN } as const;
    const page = await chromium.open(`${server.url}room/loss`, { microphone });
    await page.join({ name, mode });
    await page.waitForSound();
    return page;
  };
  const [speaker, listener] = await Promise.all([open('Ada', 'open'), open('Ben', 'listen')]);
  await hearsOnly(t, listener, TONES_HZ, ['Ada']);
  const redundant = async () => (await server.metrics()).sum('partyline_rtp_redundant_packets_sent_total');
  t.equal(await redundant(), 0, 'no RED without loss');

  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  relay.loss = 0.1;
  const isReported = eventually(async () => (await redundant()) > 0 || 'no RED is sent', REPORTED_WITHIN_MS);
  const without = await watch(listener, isReported);
  // RED is noticed some time after it began, and restores nine of ten packets that are lost.
  t.ok(
    without.concealed > without.lost / 4,
    `${percent(without.lost)} lost and ${percent(without.concealed)} concealed until it is known that RED is sent`,
  );
  /** Checks that not more than this share is concealed, while this share is lost at least. */
  const measure = async (maxConcealed: number, minLost: number, what: string) => {
    const { lost, concealed } = await untilGood(
      () => watch(listener, sleep(WINDOW_MS)),
      (measured) => measured.concealed < maxConcealed && measured.lost > minLost,
    );
    t.ok(lost > minLost, `${percent(lost)} lost, ${what}`);
    t.ok(concealed < maxConcealed, `${percent(concealed)} concealed, ${what}`);
    await hearsOnly(t, listener, TONES_HZ, ['Ada']);
  };
  await measure(0.03, 0.06, '10 % loss');

  relay.loss = 0.2;
  relay.jitterMs = 30;
  relay.duplication = 0.05;
  // In the first windows the jitter buffers adapt.
  await measure(0.1, 0.13, '20 % loss, 30 ms of jitter, 5 % duplicated');
  t.same([...speaker.errors, ...listener.errors], []);
});
