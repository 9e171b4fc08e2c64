/** The one audio format inside the server: 48 kHz, mono, 20 ms frames; float samples on the scale of 16-bit integers. */
export const SAMPLE_RATE = 48_000;
export const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
export const PTIME_MS = 20;
export const FRAME_SAMPLES = SAMPLES_PER_MS * PTIME_MS;
export const FULL_SCALE = 32_768;

/** The level of digital silence on the scale of RFC 6464. */
export const SILENCE_DBOV = -127;
/** The longest packet that Opus allows (RFC 6716 section 3.2.5). */
export const MAX_PACKET_SAMPLES = 120 * SAMPLES_PER_MS;
