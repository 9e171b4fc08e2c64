import opus from '@discordjs/opus';

const SAMPLE_RATE = 48_000;
const FRAME_SAMPLES = 960;
const FRAME_MS = 20;
const PEAK = 0.25 * 32_767;

/**
 * One second of a tone as Opus packets of 20 ms. It can be repeated without a step if the frequency is a whole number.
 */
function encodeTone(frequencyHz) {
  const encoder = new opus.OpusEncoder(SAMPLE_RATE, 1);
  const step = (2 * Math.PI * frequencyHz) / SAMPLE_RATE;
  return Array.from({ length: SAMPLE_RATE / FRAME_SAMPLES }, (_, frame) => {
    const pcm = Int16Array.from({ length: FRAME_SAMPLES }, (_, index) =>
      Math.round(PEAK * Math.sin(step * (frame * FRAME_SAMPLES + index))),
    );
    return encoder.encode(Buffer.from(pcm.buffer));
  });
}

/** Calls `send` with an RTP packet of the tone every 20 ms, until the returned function is called. */
export function sayTone({ frequencyHz, payloadType, ssrc }, send) {
  const payloads = encodeTone(frequencyHz);
  const startMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (; performance.now() >= startMs + sent * FRAME_MS; sent++) {
      const header = Buffer.alloc(12);
      header[0] = 0x80;
      header[1] = payloadType;
      header.writeUInt16BE(sent & 0xffff, 2);
      header.writeUInt32BE((sent * FRAME_SAMPLES) >>> 0, 4);
      header.writeUInt32BE(ssrc, 8);
      send(Buffer.concat([header, payloads[sent % payloads.length]]));
    }
  }, FRAME_MS);
  return () => clearInterval(timer);
}
