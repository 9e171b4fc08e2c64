import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { startServer } from '../helpers/running-server.ts';
import { concatInt16, findDelay, rmsDbfs, toInt16 } from '../helpers/signal.ts';
import { speech } from '../helpers/speech.ts';
import { compareSpeech } from '../helpers/speech-comparison.ts';
import { WeriftParticipant } from '../helpers/werift-participant.ts';

const SECONDS = 6;
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

test('speech comes out as it went in', { skip: skipIfMissing(missingPackages(['espeak-ng'])) }, async (t) => {
  const pcm = (await speech('en-us', SECONDS)).subarray(0, SECONDS * 48_000);
  const server = await startServer(['--levelling', 'off']);
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
  // The recording starts with the first packet, which comes with the first sound that is not background.
  const start = findDelay(expected, heard, -24_000, 48_000).samples;
  const { parts, clearParts, snrDb, delaySpreadMs } = compareSpeech(expected, heard, start);
  t.ok(parts >= 12, `${parts} parts contain speech`);
  t.ok(clearParts >= 0.75 * parts, `${clearParts} of them are heard intact`);
  t.ok(snrDb > LEAST_SNR_DB, `segmental SNR ${snrDb.toFixed(1)} dB`);
  t.ok(delaySpreadMs <= 100, `the delay moved by ${delaySpreadMs.toFixed(0)} ms`);
  const change = rmsDbfs(heard) - rmsDbfs(expected);
  t.ok(Math.abs(change) < 1, `level changed by ${change.toFixed(2)} dB`);
  t.ok(rmsDbfs(speaker.hearing.sound()) < -70, 'the speaker hears silence');
});
