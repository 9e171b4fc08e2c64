import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { startServer } from '../helpers/running-server.ts';
import { concatInt16, findDelay, rmsDbfs, toInt16 } from '../helpers/signal.ts';
import { speech } from '../helpers/speech.ts';
import { compareSpeech, type SpeechComparison } from '../helpers/speech-comparison.ts';
import { WeriftParticipant } from '../helpers/werift-participant.ts';

const SECONDS = 3;
const SETTLE_MS = 500;
/** Where other programs have the processor, packets are late and parts are concealed. */
const MOST_ATTEMPTS = 6;
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
  const expected = heardDirectly(pcm);

  /** Speaks once, and compares what is heard of it. */
  const speak = async () => {
    // While figures are computed nobody can speak, and microphones make up for it at once.
    await sleep(SETTLE_MS);
    const mark = listener.hearing.mark();
    speaker.say((frame) => {
      const samples = pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES);
      return samples.length === FRAME_SAMPLES ? samples : undefined;
    });
    await sleep(SECONDS * 1000 + 500);
    const heard = listener.hearing.sound(mark);
    // The recording starts with the first packet, which comes with the first sound that is not background.
    const start = findDelay(expected, heard, -24_000, 48_000).samples;
    return compareSpeech(expected, heard, start);
  };
  const isGood = ({ parts, clearParts, snrDb }: SpeechComparison) => clearParts >= 0.75 * parts && snrDb > LEAST_SNR_DB;
  let figures = await speak();
  for (let attempt = 1; attempt < MOST_ATTEMPTS && !isGood(figures); attempt++) {
    t.comment('on a busy machine, again:', figures);
    figures = await speak();
  }
  t.ok(figures.parts >= 6, `${figures.parts} parts contain speech`);
  t.ok(isGood(figures), `${figures.clearParts} of them are heard intact, segmental SNR ${figures.snrDb.toFixed(1)} dB`);
  t.ok(rmsDbfs(speaker.hearing.sound()) < -70, 'the speaker hears silence');
});
