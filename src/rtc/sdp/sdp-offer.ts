/** A browser's offer (RFC 8829), read by a library and reduced to the few fields that matter, each of them validated. */
import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { AppError } from '../../lib/errors.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** RFC 8122 section 5: the hash functions that browsers use, and how many bytes they give. */
const FINGERPRINT_BYTES = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 } as const;

/** Of a certificate, as a line of SDP has it. */
export interface Fingerprint {
  readonly algorithm: keyof typeof FINGERPRINT_BYTES;
  /** Upper-case hexadecimal bytes with colons between them. */
  readonly value: string;
}

/** One media section of the offer, as much of it as the answer must repeat. */
export interface OfferedSection {
  readonly kind: string;
  readonly protocol: string;
  /** The first of its formats. */
  readonly format: string;
  readonly mid: string | null;
  /** Exactly one section of an offer is. */
  readonly accepted: boolean;
}

/** An offer that can be answered: one audio section with Opus. Everything in it may be written into a line as it is. */
export interface AudioOffer {
  /** In the order of the offer. */
  readonly sections: readonly OfferedSection[];
  /** Of the accepted section; null if the offer does without. */
  readonly mid: string | null;
  /** Whether the accepted section is offered as part of a bundle (RFC 9143). */
  readonly bundled: boolean;
  readonly direction: Direction;
  readonly iceUfrag: string;
  readonly icePassword: string;
  readonly fingerprint: Fingerprint;
  readonly opusPayloadType: number;
  /** RFC 2198 around this very Opus; null if it is not offered. */
  readonly redPayloadType: number | null;
  /** RFC 6464; null if it is not offered. */
  readonly audioLevelExtensionId: number | null;
  /** Of the browser's stream, if the offer declares it. */
  readonly ssrc: number | null;
}

export interface SdpLimits {
  readonly maxBytes: number;
  readonly maxLines: number;
}

export const SDP_LIMITS: SdpLimits = { maxBytes: 16 * 1024, maxLines: 300 };

export const AUDIO_LEVEL_URI = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

const AUDIO_PROTOCOL = 'UDP/TLS/RTP/SAVPF';
/** RFC 8839 section 5.4 */
const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const ICE_PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;
/** RFC 8866 section 9, `token`. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~]{1,64}$/;
const PROTOCOL = /^[A-Za-z0-9/]{1,32}$/;

/** Throws `AppError` `sdp_too_large`, or `invalid_sdp` with what is wrong. */
export function parseOffer(sdp: string, limits: SdpLimits = SDP_LIMITS): AudioOffer {
  if (sdp.length > limits.maxBytes || Buffer.byteLength(sdp) > limits.maxBytes) throw new AppError('sdp_too_large');
  if (sdp.split('\n').length > limits.maxLines + 1) throw new AppError('sdp_too_large');
  const session = parseSdp(sdp);
  if (session.media.length === 0) throw invalid('It has no media section.');
  const media = session.media.find(isUsableAudio);
  if (media === undefined) throw invalid('It has no audio section with Opus.');
  if (media.rtcpMux === undefined) throw invalid('It does not offer rtcp-mux.');
  const setup = media.setup ?? session.setup;
  if (setup !== 'actpass' && setup !== 'active') throw invalid('Its DTLS setup must be actpass or active.');
  const opusPayloadType = opusOf(media)!;
  const mid = midOf(media);
  return {
    sections: session.media.map((section) => toSection(section, section === media)),
    mid,
    bundled: mid !== null && isBundled(session, mid),
    direction: media.direction ?? session.direction ?? 'sendrecv',
    iceUfrag: match(media.iceUfrag ?? session.iceUfrag, ICE_UFRAG, 'ICE user name fragment'),
    icePassword: match(media.icePwd ?? session.icePwd, ICE_PASSWORD, 'ICE password'),
    fingerprint: toFingerprint(media.fingerprint ?? session.fingerprint),
    opusPayloadType,
    redPayloadType: redOf(media, opusPayloadType),
    audioLevelExtensionId: audioLevelOf(media),
    ssrc: ssrcOf(media),
  };
}

function invalid(detail: string): AppError {
  return new AppError('invalid_sdp', detail);
}

function parseSdp(sdp: string): SessionDescription {
  // The library takes anything; a session description begins with its version (RFC 8866 section 5).
  if (!/^v=0\r?\n/.test(sdp)) throw invalid('It does not begin with v=0.');
  try {
    return parse(sdp);
  } catch {
    throw invalid('It is not well-formed.');
  }
}

type Section = SessionDescription['media'][number];

function isUsableAudio(section: Section): boolean {
  return (
    section.type === 'audio' && section.port !== 0 && section.protocol === AUDIO_PROTOCOL && opusOf(section) !== null
  );
}

function toSection(section: Section, accepted: boolean): OfferedSection {
  const format = String(section.payloads ?? '').split(' ', 1)[0];
  return {
    kind: match(section.type, TOKEN, 'media type'),
    protocol: match(section.protocol, PROTOCOL, 'media protocol'),
    format: match(format, TOKEN, 'media format'),
    mid: midOf(section),
    accepted,
  };
}

/** The library makes numbers of what looks like one, without loss; here all values are text. */
function match(value: string | number | undefined, pattern: RegExp, what: string): string {
  const text = value === undefined ? '' : String(value);
  if (!pattern.test(text)) throw invalid(`Its ${what} is ${text === '' ? 'missing' : 'not valid'}.`);
  return text;
}

function midOf(section: MediaDescription): string | null {
  return section.mid === undefined ? null : match(section.mid, TOKEN, 'media identification');
}

function isBundled(session: SessionDescription, mid: string): boolean {
  const bundle = session.groups?.find(({ type }) => type === 'BUNDLE');
  return bundle !== undefined && String(bundle.mids).split(' ').includes(mid);
}

function toFingerprint(line: { readonly type: string; readonly hash: string } | undefined): Fingerprint {
  const algorithm = String(line?.type).toLowerCase();
  if (line === undefined || !isFingerprintHash(algorithm))
    throw invalid('It has no SHA-2 fingerprint of a certificate.');
  const value = String(line.hash).toUpperCase();
  const bytes = FINGERPRINT_BYTES[algorithm];
  if (!/^[0-9A-F]{2}(?::[0-9A-F]{2})*$/.test(value) || value.length !== bytes * 3 - 1) {
    throw invalid('Its fingerprint is not valid.');
  }
  return { algorithm, value };
}

function isFingerprintHash(name: string): name is Fingerprint['algorithm'] {
  return Object.hasOwn(FINGERPRINT_BYTES, name);
}

/** The payload types of a codec with this name at 48 kHz and two channels, in the order of preference of the section. */
function payloadTypesOf(section: MediaDescription, codec: string): number[] {
  const listed = String(section.payloads ?? '').split(' ');
  return listed
    .map(Number)
    .filter(
      (payloadType) =>
        isDynamic(payloadType) &&
        section.rtp.some(
          (rtp) =>
            rtp.payload === payloadType &&
            String(rtp.codec).toLowerCase() === codec &&
            rtp.rate === 48_000 &&
            Number(rtp.encoding) === 2,
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

function opusOf(section: MediaDescription): number | null {
  return payloadTypesOf(section, 'opus')[0] ?? null;
}

function redOf(section: MediaDescription, opusPayloadType: number): number | null {
  const isOfOpus = (payloadType: number) => {
    const blocks = section.fmtp.find(({ payload }) => payload === payloadType)?.config;
    return (
      blocks !== undefined &&
      String(blocks)
        .split('/')
        .every((block) => Number(block) === opusPayloadType)
    );
  };
  return payloadTypesOf(section, 'red').find(isOfOpus) ?? null;
}

function audioLevelOf(section: MediaDescription): number | null {
  // The identifiers of RFC 8285: 15 is reserved, what is above takes the two-byte form.
  const isIdentifier = (id: number) => Number.isInteger(id) && ((id >= 1 && id <= 14) || (id >= 16 && id <= 255));
  const line = section.ext?.find(
    ({ uri, value, direction }) => uri === AUDIO_LEVEL_URI && isIdentifier(value) && direction !== 'recvonly',
  );
  return line === undefined ? null : line.value;
}

function ssrcOf(section: MediaDescription): number | null {
  const id = Number(section.ssrcs?.[0]?.id);
  return Number.isInteger(id) && id > 0 && id < 2 ** 32 ? id : null;
}
