/** The codecs of one media section of an offer, as far as the answer needs them. */
import type { MediaDescription } from 'sdp-transform';

/** One format of a section, repeated in an answer that does not use it. All fields are safe to write into a line. */
export interface OfferedFormat {
  /** A payload type, or its equivalent in the section's protocol. */
  readonly name: string;
  /** `VP8/90000`; null if the offer has none. */
  readonly rtpmap: string | null;
  readonly fmtp: string | null;
}

export const AUDIO_LEVEL_URI = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

/** RFC 8866 section 9, `token`. */
export const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~]{1,64}$/;
/** Longer than any browser's, with a margin. */
const FORMAT_PARAMETERS = /^[\x21-\x7e][\x20-\x7e]{0,254}$/;
const CLOCK_RATE_HZ = 48_000;
const STEREO = /(?:^|;)\s*stereo\s*=\s*1\s*(?:;|$)/;
const SPROP_STEREO = /(?:^|;)\s*sprop-stereo\s*=\s*1\s*(?:;|$)/;
/** The rest of a longer format line is not looked at. */
const MAX_PARAMETERS = 1000;

/** The payload type of the section's preferred Opus (RFC 7587 section 7); null if there is none. */
export function opusOf(section: MediaDescription): number | null {
  return payloadTypesOf(section, 'opus')[0] ?? null;
}

/** Whether the peer plays this Opus in stereo (RFC 7587 section 6.1). */
export function wantsStereo(section: MediaDescription, opusPayloadType: number): boolean {
  return hasParameter(section, opusPayloadType, STEREO);
}

/** Whether the peer says that it is likely to send this Opus in stereo. */
export function sendsStereo(section: MediaDescription, opusPayloadType: number): boolean {
  return hasParameter(section, opusPayloadType, SPROP_STEREO);
}

function hasParameter(section: MediaDescription, payloadType: number, parameter: RegExp): boolean {
  return section.fmtp.some(
    ({ payload, config }) => payload === payloadType && parameter.test(String(config).slice(0, MAX_PARAMETERS)),
  );
}

/** The payload type of RED (RFC 2198) around this Opus; null if there is none. */
export function redOf(section: MediaDescription, opusPayloadType: number): number | null {
  const containsOpus = (redPayloadType: number) =>
    section.fmtp.some(
      ({ payload, config }) =>
        payload === redPayloadType &&
        String(config)
          .split('/')
          .every((block) => Number(block) === opusPayloadType),
    );
  return payloadTypesOf(section, 'red').find(containsOpus) ?? null;
}

/** The identifier of the header extension of RFC 6464; null if the peer does not send it. */
export function audioLevelOf(section: MediaDescription): number | null {
  // The identifiers of RFC 8285: 15 is reserved, and higher ones require the two-byte form.
  const isIdentifier = (id: number) => Number.isInteger(id) && ((id >= 1 && id <= 14) || (id >= 16 && id <= 255));
  const line = section.ext?.find(
    ({ uri, value, direction }) => uri === AUDIO_LEVEL_URI && isIdentifier(value) && direction !== 'recvonly',
  );
  return line === undefined ? null : line.value;
}

/**
 * The Opus format of a section, or else its first format; null if none can be repeated. The parameters of an audio
 * codec are left out, because the answer must not promise them.
 */
export function formatOf(section: MediaDescription): OfferedFormat | null {
  const name = String(opusOf(section) ?? formatsOf(section)[0]);
  if (!TOKEN.test(name)) return null;
  const map = section.rtp.find(({ payload }) => String(payload) === name);
  const fields = map === undefined ? [] : [map.codec, map.rate, map.encoding].filter((field) => field !== undefined);
  const parameters = String(section.fmtp.find(({ payload }) => String(payload) === name)?.config ?? '');
  return {
    name,
    rtpmap: fields.length > 1 && fields.every((field) => TOKEN.test(String(field))) ? fields.join('/') : null,
    fmtp: section.type !== 'audio' && FORMAT_PARAMETERS.test(parameters) ? parameters : null,
  };
}

function formatsOf(section: MediaDescription): string[] {
  return String(section.payloads ?? '').split(' ');
}

/**
 * The payload types of a codec with this name at 48 kHz, in the section's order of preference. RFC 7587 section 7
 * requires two channels; some clients leave the number out.
 */
function payloadTypesOf(section: MediaDescription, codec: string): number[] {
  return formatsOf(section)
    .map(Number)
    .filter(
      (payloadType) =>
        isDynamic(payloadType) &&
        section.rtp.some(
          (rtp) =>
            rtp.payload === payloadType &&
            String(rtp.codec).toLowerCase() === codec &&
            rtp.rate === CLOCK_RATE_HZ &&
            Number(rtp.encoding ?? 2) === 2,
        ),
    );
}

/** RFC 5761 section 4: with the marker bit, 64 to 95 would look like RTCP. */
function isDynamic(payloadType: number): boolean {
  return (
    Number.isInteger(payloadType) &&
    ((payloadType >= 35 && payloadType <= 63) || (payloadType >= 96 && payloadType <= 127))
  );
}
