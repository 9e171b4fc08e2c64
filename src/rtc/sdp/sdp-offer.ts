/** A client's offer (RFC 8829), parsed by a library and reduced to the few relevant fields, each of them validated. */
import { parse, type SessionDescription } from 'sdp-transform';
import { AppError } from '../../lib/errors.ts';
import {
  audioLevelOf,
  formatOf,
  type OfferedFormat,
  opusOf,
  redOf,
  sendsStereo,
  TOKEN,
  wantsStereo,
} from './offered-codecs.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** RFC 8122 section 5: the hash functions that browsers use, strongest last, and their sizes in bytes. */
const FINGERPRINT_BYTES = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 } as const;
const FINGERPRINT_HASHES = Object.keys(FINGERPRINT_BYTES) as Fingerprint['algorithm'][];

/** A certificate's fingerprint, as in SDP. */
export interface Fingerprint {
  readonly algorithm: keyof typeof FINGERPRINT_BYTES;
  /** Upper-case hexadecimal bytes with colons between them. */
  readonly value: string;
}

/** One media section of the offer, as far as the answer must repeat it. */
export interface OfferedSection {
  readonly kind: string;
  readonly protocol: string;
  readonly format: OfferedFormat;
  readonly mid: string | null;
  /** RFC 8864's older form: `5000 webrtc-datachannel 1024`; null if the section does not use it for SCTP. */
  readonly sctpmap: string | null;
  /**
   * `speech` uses one section, or two of one direction each; `bundled` sections accompany it because their bundle must
   * stay whole.
   */
  readonly role: 'speech' | 'bundled' | 'refused';
  /** As offered. */
  readonly direction: Direction;
}

/** An offer that can be answered. All fields are safe to write into a line. */
export interface AudioOffer {
  /** In the order of the offer; at least one is for speech. */
  readonly sections: readonly OfferedSection[];
  /**
   * The mids of the bundle (RFC 9143) that contains speech, the tagged section's first; empty if there is no bundle.
   */
  readonly bundle: readonly string[];
  /** The direction of all speech sections together, from the client's view. */
  readonly direction: Direction;
  readonly iceUfrag: string;
  readonly icePassword: string;
  /** All with the strongest offered hash function: the certificate must match one of them (RFC 8122 section 5). */
  readonly fingerprints: readonly Fingerprint[];
  /** The payload type of what the client sends. */
  readonly opusPayloadType: number;
  /** The payload type of what the client receives. It differs if two sections carry speech with different types. */
  readonly sentOpusPayloadType: number;
  /** The client plays what it receives in stereo. */
  readonly wantsStereo: boolean;
  /** What the client sends is likely to be in stereo. */
  readonly sendsStereo: boolean;
  /** RFC 2198 around this Opus, both ways; null if it is not offered. */
  readonly redPayloadType: number | null;
  /** RFC 6464; null if it is not offered. */
  readonly audioLevelExtensionId: number | null;
}

export interface SdpLimits {
  readonly maxBytes: number;
  readonly maxLines: number;
}

export const SDP_LIMITS: SdpLimits = { maxBytes: 32 * 1024, maxLines: 1000 };
/** The answer repeats each of them with all candidates. */
export const MAX_SECTIONS = 32;
/** Number of unsuitable sections that the error explains. */
const MAX_REASONS = 4;

/** The server never starts the handshake. RFC 9725 section 4.3.1 asks WHIP clients for actpass or active as well. */
const PASSIVE_FFMPEG = 'For ffmpeg, add -whip_flags dtls_active.';

/** The library's line endings. */
const LINE_END = /\r\n|\r|\n/;
/**
 * The protocols that RFC 8829 section 5.1.2 requires accepting, because all of them mean DTLS-SRTP if there is a
 * fingerprint; and TLS over TCP, as some write it.
 */
const AUDIO_PROTOCOL = /^(?:RTP\/S?AVPF?|UDP\/TLS\/RTP\/SAVPF?|TCP\/D?TLS\/RTP\/SAVPF?)$/;
/** RFC 8839 section 5.4 */
const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const ICE_PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;
const PROTOCOL = /^[A-Za-z0-9/]{1,32}$/;
const SCTPMAP_PORT = /^\d{1,5}$/;

type Media = SessionDescription['media'][number];

/** A part of the description that may have transport attributes: a section, or the session level. */
interface Part {
  readonly attributes: SessionDescription | Media;
  /** All of them; the library keeps only one. */
  readonly fingerprints: readonly string[];
}

interface Section extends Part {
  readonly attributes: Media;
  readonly mid: string | null;
  readonly direction: Direction;
  readonly bundle: Bundle | null;
}

interface Bundle {
  /** As offered. */
  readonly mids: readonly string[];
  /** The participating sections in the order of the group, the tagged one first. */
  readonly members: Section[];
}

/** An audio section that can carry speech. */
interface SpeechSection extends Section {
  readonly opus: number;
  readonly red: number | null;
}

/**
 * `speechMid` is the section that carried speech before, if the client is already connected; it is kept unless another
 * fits better. Throws `AppError` `sdp_too_large`, or `invalid_sdp` with an explanation.
 */
export function parseOffer(sdp: string, limits: SdpLimits = SDP_LIMITS, speechMid: string | null = null): AudioOffer {
  if (sdp.length > limits.maxBytes || Buffer.byteLength(sdp) > limits.maxBytes) throw new AppError('sdp_too_large');
  if (sdp.split(LINE_END).length > limits.maxLines + 1) throw new AppError('sdp_too_large');
  const session = parseSdp(sdp);
  if (session.media.length === 0) throw invalid('It has no media section.');
  if (session.media.length > MAX_SECTIONS) throw invalid(`It has more than ${MAX_SECTIONS} media sections.`);
  if (session.icelite !== undefined) throw invalid('It comes from an ICE-lite agent, but the server is ICE-lite, too.');
  const [sessionFingerprints = [], ...mediaFingerprints] = fingerprintsOf(sdp);
  const sections = sectionsOf(session, mediaFingerprints);
  const speech = chooseSpeech(sections, speechMid);
  const { bundle, red } = speech[0];
  const [sends, receives] = [speech[0], speech[1] ?? speech[0]];
  // RFC 9143 section 7.1: transport attributes are in the tagged section.
  const own = { attributes: session, fingerprints: sessionFingerprints };
  const parts = [...(bundle?.members.slice(0, 1) ?? [speech[0]]), own, speech[0]];
  return {
    sections: sections.map((section, index) => toOffered(section, index, speech)),
    bundle: bundle?.members.map(({ mid }) => mid!) ?? [],
    direction: speech.length === 2 ? 'sendrecv' : speech[0].direction,
    ...transportOf(parts),
    opusPayloadType: sends.opus,
    sentOpusPayloadType: receives.opus,
    wantsStereo: wantsStereo(receives.attributes, receives.opus),
    sendsStereo: sendsStereo(sends.attributes, sends.opus),
    redPayloadType: sends.opus === receives.opus && sends.red === receives.red ? red : null,
    audioLevelExtensionId: audioLevelOf(sends.attributes),
  };
}

/**
 * The offer as far as it goes one way, from the client's view; the other way is inactive. Throws `UnusableOfferError` if
 * it does not go that way.
 */
export function oneWay(offer: AudioOffer, way: 'sendonly' | 'recvonly'): AudioOffer {
  if (offer.direction !== 'sendrecv' && offer.direction !== way)
    throw new UnusableOfferError(`It does not offer to ${way === 'sendonly' ? 'send' : 'receive'} audio.`);
  const only = (direction: Direction): Direction => (direction === 'sendrecv' || direction === way ? way : 'inactive');
  const sections = offer.sections.map((section) =>
    section.role === 'speech' ? { ...section, direction: only(section.direction) } : section,
  );
  return { ...offer, sections, direction: way };
}

/** The description is valid, but offers nothing that this server can use. */
export class UnusableOfferError extends AppError {
  readonly detail: string;

  constructor(detail: string) {
    super('invalid_sdp', detail);
    this.detail = detail;
  }
}

function invalid(detail: string): AppError {
  return new AppError('invalid_sdp', detail);
}

function parseSdp(sdp: string): SessionDescription {
  // The library accepts anything; a session description starts with its version (RFC 8866 section 5).
  if (!/^v=0\r?\n/.test(sdp)) throw invalid('It does not start with v=0.');
  try {
    return parse(sdp);
  } catch {
    throw invalid('It is not well-formed.');
  }
}

/** The values of all `a=fingerprint` lines: first the session's, then each section's. */
function fingerprintsOf(sdp: string): string[][] {
  const parts: string[][] = [[]];
  for (const line of sdp.split(LINE_END)) {
    if (line.startsWith('m=')) parts.push([]);
    else if (line.startsWith('a=fingerprint:')) parts[parts.length - 1]!.push(line.slice('a=fingerprint:'.length));
  }
  return parts;
}

function sectionsOf(session: SessionDescription, fingerprints: readonly string[][]): Section[] {
  const bundles = (session.groups ?? [])
    .filter(({ type }) => type === 'BUNDLE')
    .map(({ mids }): Bundle => ({ mids: String(mids).split(' '), members: [] }));
  const sections = session.media.map((media, index): Section => {
    const mid = media.mid === undefined ? null : match(media.mid, TOKEN, 'media identification');
    const bundle = mid === null ? undefined : bundles.find(({ mids }) => mids.includes(mid));
    return {
      attributes: media,
      fingerprints: fingerprints[index] ?? [],
      mid,
      direction: media.direction ?? session.direction ?? 'sendrecv',
      bundle: bundle ?? null,
    };
  });
  const mids = sections.flatMap(({ mid }) => mid ?? []);
  if (new Set(mids).size < mids.length) throw invalid('Two of its sections have the same media identification.');
  for (const bundle of bundles) fillBundle(bundle, sections);
  return sections;
}

/**
 * RFC 9143 section 7.1.2: a section with port 0 participates if it is bundle-only and another one, which is tagged, has
 * a port.
 */
function fillBundle({ mids, members }: Bundle, sections: readonly Section[]): void {
  const offered = mids.flatMap((mid) => sections.filter((section) => section.mid === mid));
  const tagged = offered.find(({ attributes }) => attributes.port !== 0);
  if (tagged === undefined) return;
  const others = offered.filter(({ attributes }) => attributes.port !== 0 || attributes.bundleOnly !== undefined);
  members.push(...new Set([tagged, ...others]));
}

function takesPart(section: Section): boolean {
  return section.attributes.port !== 0 || section.bundle?.members.includes(section) === true;
}

/** One section, or two of which the first sends and the second receives. */
function chooseSpeech(
  sections: readonly Section[],
  speechMid: string | null,
): readonly [SpeechSection] | readonly [SpeechSection, SpeechSection] {
  const fitting: SpeechSection[] = [];
  const reasons: string[] = [];
  for (const [index, section] of sections.entries()) {
    if (section.attributes.type !== 'audio') continue;
    const opus = opusOf(section.attributes);
    const reason = whyNot(section, opus);
    if (opus !== null && reason === null) fitting.push({ ...section, opus, red: redOf(section.attributes, opus) });
    else if (reasons.length < MAX_REASONS) reasons.push(`Section ${index + 1} ${reason}.`);
  }
  const best = (direction: Direction) => {
    const offered = fitting.filter((section) => section.direction === direction);
    return offered.find(({ mid }) => mid !== null && mid === speechMid) ?? offered[0];
  };
  const both = best('sendrecv');
  if (both !== undefined) return [both];
  const [sends, receives] = [best('sendonly'), best('recvonly')];
  const areOneTransport = sends !== undefined && sends.bundle !== null && sends.bundle === receives?.bundle;
  if (areOneTransport && receives !== undefined) return [sends, receives];
  const some = sends ?? receives ?? best('inactive');
  if (some === undefined) throw new UnusableOfferError(['It has no usable audio section.', ...reasons].join(' '));
  return [some];
}

/** Null for a section that can carry speech, at least by its direction. */
function whyNot(section: Section, opus: number | null): string | null {
  const { protocol } = section.attributes;
  if (!takesPart(section)) return 'has port 0 but is not bundle-only beside a section with a port';
  if (!AUDIO_PROTOCOL.test(String(protocol))) return 'uses a protocol other than DTLS-SRTP (UDP/TLS/RTP/SAVPF)';
  if (opus === null) return 'has no Opus (opus/48000/2) with a dynamic payload type';
  return null;
}

function toOffered(section: Section, index: number, speech: readonly Section[]): OfferedSection {
  const { attributes, mid, direction, bundle } = section;
  const format = formatOf(attributes);
  if (format === null) throw invalid(`The media format of section ${index + 1} is missing or invalid.`);
  const isSpeech = speech.some((chosen) => chosen.attributes === attributes);
  const isBundled = bundle !== null && bundle === speech[0]!.bundle && takesPart(section);
  return {
    kind: match(attributes.type, TOKEN, 'media type'),
    protocol: match(attributes.protocol, PROTOCOL, 'media protocol'),
    format,
    mid,
    sctpmap: sctpmapOf(attributes),
    role: isSpeech ? 'speech' : isBundled ? 'bundled' : 'refused',
    direction,
  };
}

/** The form of data channels before RFC 8841. */
function sctpmapOf({ sctpmap }: Media): string | null {
  const port = String(sctpmap?.sctpmapNumber ?? '');
  const app = String(sctpmap?.app ?? '');
  return SCTPMAP_PORT.test(port) && TOKEN.test(app) ? `${port} ${app}` : null;
}

/** The first of these parts that has an attribute decides. */
function transportOf(parts: readonly Part[]): Pick<AudioOffer, 'iceUfrag' | 'icePassword' | 'fingerprints'> {
  const first = <K extends 'iceUfrag' | 'icePwd' | 'setup' | 'rtcpMux'>(name: K) =>
    parts.map(({ attributes }) => (attributes as Media)[name]).find((value) => value !== undefined);
  if (first('rtcpMux') === undefined) throw invalid('It does not offer rtcp-mux.');
  const setup = first('setup');
  if (setup === 'passive') throw invalid(`Its DTLS setup must be actpass or active, not passive. ${PASSIVE_FFMPEG}`);
  if (setup !== 'actpass' && setup !== 'active') throw invalid('Its DTLS setup must be actpass or active.');
  return {
    iceUfrag: match(first('iceUfrag'), ICE_UFRAG, 'ICE ufrag'),
    icePassword: match(first('icePwd'), ICE_PASSWORD, 'ICE password'),
    fingerprints: bestFingerprints(parts),
  };
}

function bestFingerprints(parts: readonly Part[]): Fingerprint[] {
  for (const { fingerprints } of parts) {
    const usable = fingerprints.flatMap((line) => toFingerprint(line) ?? []);
    const strongest = FINGERPRINT_HASHES.findLast((hash) => usable.some(({ algorithm }) => algorithm === hash));
    if (strongest !== undefined) return usable.filter(({ algorithm }) => algorithm === strongest);
  }
  if (parts.every(({ fingerprints }) => fingerprints.length === 0)) throw invalid('It has no fingerprint.');
  throw invalid(`It has no valid fingerprint with a supported hash (${FINGERPRINT_HASHES.join(', ')}).`);
}

/** Null if it cannot be used. */
function toFingerprint(line: string): Fingerprint | null {
  const [hash = '', value = ''] = line.trim().split(/[ \t]+/);
  const algorithm = FINGERPRINT_HASHES.find((name) => name === hash.toLowerCase());
  if (algorithm === undefined) return null;
  const bytes = FINGERPRINT_BYTES[algorithm];
  if (!/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*$/.test(value) || value.length !== bytes * 3 - 1) return null;
  return { algorithm, value: value.toUpperCase() };
}

/** The library converts numeric values to numbers without loss; here all values are text. */
function match(value: string | number | undefined, pattern: RegExp, what: string): string {
  const text = value === undefined ? '' : String(value);
  if (!pattern.test(text)) throw invalid(`Its ${what} is ${text === '' ? 'missing' : 'invalid'}.`);
  return text;
}
