/** The answer to an offer (RFC 8829), written from validated fields only. */
import { isIP } from 'node:net';
import { AUDIO_LEVEL_URI } from './offered-codecs.ts';
import type { AudioOffer, Direction, Fingerprint, OfferedSection } from './sdp-offer.ts';

/** Where the browser can reach us. */
export interface CandidateAddress {
  readonly protocol: 'udp' | 'tcp';
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

export interface AnswerOptions {
  /** What the client sends; a voice by default. */
  readonly kind?: 'voice' | 'music';
  /** Incremented with each answer to the same peer (RFC 3264 section 8). */
  readonly version: number;
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: Fingerprint;
  /** The SSRC of the stream that we send. */
  readonly ssrc: number;
  readonly cname: string;
  /** At least one; the first of each protocol is preferred, and UDP over TCP. */
  readonly candidates: readonly CandidateAddress[];
}

const REVERSED: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/**
 * What the client should send (RFC 7587 section 6.1). No `useinbandfec`, because our decoder cannot use it and it would
 * cost the client a part of its bit rate; lost packets are repeated in RED.
 */
const OPUS_PARAMETERS = {
  voice: 'minptime=10;usedtx=1;stereo=0;maxaveragebitrate=40000',
  /** Browsers and OBS send as much as this allows. */
  music: 'minptime=10;stereo=1;maxaveragebitrate=128000',
} as const;
/** Our mix may be in stereo (RFC 7587 section 6.1). */
const SENDS_STEREO = ';sprop-stereo=1';
/** RFC 8841 section 5: every SCTP section must have a port. Nobody listens there. */
const SCTP_PORT = 5000;

const HOST_TYPE_PREFERENCE = 126;
/** Below every kind of UDP candidate except relayed ones, which browsers rate by themselves (RFC 6544 section 4.2). */
const TCP_TYPE_PREFERENCE = 90;
/** RFC 6544 section 4.2: the direction, in the upper three bits of the local preference. */
const TCP_PASSIVE_PREFERENCE = 4;

/** The direction in the answer: what we send and receive. */
export function answeredDirection({ direction }: Pick<AudioOffer, 'direction'>): Direction {
  return REVERSED[direction];
}

/** The answer's text. Lines end with CRLF. */
export function writeAnswer(offer: AudioOffer, options: AnswerOptions): string {
  const lines = [
    'v=0',
    `o=- ${options.ssrc} ${options.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    ...(offer.bundle.length === 0 ? [] : [`a=group:BUNDLE ${offer.bundle.join(' ')}`]),
    'a=msid-semantic: WMS *',
    ...offer.sections.flatMap((section) => sectionLines(section, offer, options)),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function sectionLines(section: OfferedSection, offer: AudioOffer, options: AnswerOptions): string[] {
  switch (section.role) {
    case 'speech':
      return speechSection(section, offer, options);
    case 'bundled':
      return bundledSection(section, options);
    case 'refused':
      return refusedSection(section, options);
  }
}

function speechSection(
  { protocol, format: { name: opus }, mid, direction }: OfferedSection,
  { redPayloadType: red, audioLevelExtensionId: level, wantsStereo, sections }: AudioOffer,
  options: AnswerOptions,
): string[] {
  const answered = REVERSED[direction];
  const sends = answered === 'sendrecv' || answered === 'sendonly';
  // If this is not answered, a browser does not offer it when it begins to send. Only one of two sections has levels.
  const isOnly = sections.filter(({ role }) => role === 'speech').length === 1;
  const mayHaveLevels = isOnly || answered === 'recvonly';
  return [
    // Browsers send RED only if it comes first.
    ...openSection('audio', protocol, `${red === null ? '' : `${red} `}${opus}`, mid, options),
    ...transportLines(options),
    'a=rtcp-mux',
    `a=${answered}`,
    ...(red === null ? [] : [`a=rtpmap:${red} red/48000/2`, `a=fmtp:${red} ${opus}/${opus}`]),
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} ${OPUS_PARAMETERS[options.kind ?? 'voice']}${sends && wantsStereo ? SENDS_STEREO : ''}`,
    'a=ptime:20',
    ...(level === null || !mayHaveLevels ? [] : [`a=extmap:${level} ${AUDIO_LEVEL_URI}`]),
    ...(sends ? ['a=msid:mix mix', `a=ssrc:${options.ssrc} cname:${options.cname}`] : []),
    ...candidateLines(options),
  ];
}

/**
 * An inactive section that is part of the bundle: a rejected one cannot carry the bundle (RFC 9143 section 7.3.2), and
 * some clients want transport and codec in each of its sections.
 */
function bundledSection(section: OfferedSection, options: AnswerOptions): string[] {
  const { kind, protocol, format, mid } = section;
  return [
    ...openSection(kind, protocol, format.name, mid, options),
    ...transportLines(options),
    ...(isSctp(section) ? [] : ['a=rtcp-mux']),
    'a=inactive',
    ...formatLines(section),
    ...candidateLines(options),
  ];
}

/**
 * RFC 3264 section 6: port zero rejects a section. It still has a transport and a codec, because GStreamer refuses
 * answers with a section without a transport, and werift those with a section without a codec.
 */
function refusedSection(section: OfferedSection, options: AnswerOptions): string[] {
  const { kind, protocol, format, mid } = section;
  return [
    `m=${kind} 0 ${protocol} ${format.name}`,
    'c=IN IP4 0.0.0.0',
    ...(mid === null ? [] : [`a=mid:${mid}`]),
    ...transportLines(options),
    'a=inactive',
    ...formatLines(section),
  ];
}

function isSctp({ protocol }: OfferedSection): boolean {
  return protocol.endsWith('SCTP');
}

function formatLines(section: OfferedSection): string[] {
  const { format, sctpmap } = section;
  return [
    ...(format.rtpmap === null ? [] : [`a=rtpmap:${format.name} ${format.rtpmap}`]),
    ...(format.fmtp === null ? [] : [`a=fmtp:${format.name} ${format.fmtp}`]),
    ...(isSctp(section) ? [sctpmap === null ? `a=sctp-port:${SCTP_PORT}` : `a=sctpmap:${sctpmap}`] : []),
  ];
}

function openSection(
  kind: string,
  protocol: string,
  formats: string,
  mid: string | null,
  { candidates: [first] }: AnswerOptions,
): string[] {
  if (first === undefined) throw new RangeError('an answer needs a candidate');
  return [
    `m=${kind} ${first.port} ${protocol} ${formats}`,
    `c=IN IP${isIP(first.address) === 6 ? 6 : 4} ${first.address}`,
    ...(mid === null ? [] : [`a=mid:${mid}`]),
  ];
}

function transportLines({ ufrag, password, fingerprint }: AnswerOptions): string[] {
  return [
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    'a=setup:passive',
  ];
}

function candidateLines({ candidates }: AnswerOptions): string[] {
  return [...candidates.map(candidateLine), 'a=end-of-candidates'];
}

/**
 * RFC 8839 section 5.1, for TCP RFC 6544 section 4.5. We only listen; a client opens the connection. Priorities are
 * those of host candidates in RFC 8445 section 5.1.2, highest first.
 */
function candidateLine({ protocol, address, port }: CandidateAddress, index: number): string {
  const isTcp = protocol === 'tcp';
  const [typePreference, localPreference] = isTcp
    ? [TCP_TYPE_PREFERENCE, TCP_PASSIVE_PREFERENCE * 2 ** 13 + 0x1fff - index]
    : [HOST_TYPE_PREFERENCE, 0xffff - index];
  const priority = typePreference * 2 ** 24 + localPreference * 2 ** 8 + 255;
  return `a=candidate:${index + 1} 1 ${protocol} ${priority} ${address} ${port} typ host${isTcp ? ' tcptype passive' : ''}`;
}
