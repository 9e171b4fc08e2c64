import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { ensureDebianPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { startServer } from '../helpers/running-server.ts';
import { advance, concatInt16, findDelay, rmsDbfs, segmentalSnrDb, toInt16 } from '../helpers/signal.ts';
import { speech } from '../helpers/speech.ts';
import { WeriftParticipant } from '../helpers/werift-participant.ts';

const SECONDS = 6;
const SEGMENT = 0.25 * 48_000;
/** Quieter parts of the speech are pauses. */
const ACTIVE_DBFS = -40;
/** The jitter buffer may change its delay between words; each part is compared at the delay that it has. */
const EARLIEST = -0.05 * 48_000;
const LATEST = 0.15 * 48_000;
/** Another pass through Opus at these rates gives about 18 dB. */
const LEAST_SNR_DB = 10;

/** What a listener would hear who got the speaker's packets without a server in between. */
function heardDirectly(pcm: Float32Array): Int16Array {
  const encode = createFrameEncoder({ dtx: true });
  const decode = createFrameDecoder();
  const samples = toInt16(pcm);
  for (let frame = 0; frame < 50; frame++) decode(encode(new Int16Array(FRAME_SAMPLES)));
  const frames = Math.floor(samples.length / FRAME_SAMPLES);
  return concatInt16(
    Array.from({ length: frames }, (_, frame) =>
      decode(encode(samples.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES))).slice(0, FRAME_SAMPLES),
    ),
  );
}

test('speech comes out as it went in', { skip: skipIfMissing(ensureDebianPackages(['espeak-ng'])) }, async (t) => {
  const pcm = (await speech('en-us', SECONDS)).subarray(0, SECONDS * 48_000);
  const server = await startServer();
  t.teardown(() => server.close());
  const join = (name: string) => WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name });
  const [speaker, listener] = await Promise.all([join('Ada'), join('Ben')]);
  t.teardown(() => Promise.all([speaker.close(), listener.close()]));

  await sleep(1000);
  const mark = listener.hearing.mark();
  speaker.say((frame) => {
    const samples = pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES);
    return samples.length === FRAME_SAMPLES ? samples : undefined;
  });
  await sleep(SECONDS * 1000 + 500);
  const heard = listener.hearing.sound(mark);

  const expected = heardDirectly(pcm);
  const start = findDelay(expected, heard, 0, 48_000).samples;
  const parts = activeSegments(expected).map((begin) => {
    const part = expected.subarray(begin, begin + SEGMENT);
    const around = advance(heard, start + begin + EARLIEST, SEGMENT + LATEST - EARLIEST);
    const { samples, correlation } = findDelay(part, around, 0, LATEST - EARLIEST);
    return { part, correlation, delay: samples, heard: advance(around, samples, SEGMENT) };
  });
  const clear = parts.filter(({ correlation }) => correlation > 0.9);
  t.ok(parts.length >= 12, `${parts.length} parts with speech in them`);
  t.ok(clear.length >= 0.8 * parts.length, `${clear.length} of them are heard whole`);
  const snrs = clear.map(({ part, heard }) => segmentalSnrDb(part, heard));
  const snr = snrs.reduce((sum, value) => sum + value, 0) / snrs.length;
  t.ok(snr > LEAST_SNR_DB, `segmental SNR ${snr.toFixed(1)} dB`);
  const delays = clear.map(({ delay }) => delay / 48);
  const spread = Math.max(...delays) - Math.min(...delays);
  t.ok(spread <= 100, `the delay moved by ${spread.toFixed(0)} ms`);
  const change = rmsDbfs(heard) - rmsDbfs(expected);
  t.ok(Math.abs(change) < 1, `level changed by ${change.toFixed(2)} dB`);
  t.ok(rmsDbfs(speaker.hearing.sound()) < -70, 'the speaker hears silence');
});

function activeSegments(sound: Int16Array): number[] {
  const begins = Array.from({ length: Math.floor(sound.length / SEGMENT) }, (_, index) => index * SEGMENT);
  return begins.filter((begin) => rmsDbfs(sound.subarray(begin, begin + SEGMENT)) > ACTIVE_DBFS);
}
