/** The answer to an offer (RFC 8829), written from validated fields only. */
import { isIP } from 'node:net';
import {
  AUDIO_LEVEL_URI,
  type AudioOffer,
  type Direction,
  type Fingerprint,
  type OfferedSection,
} from './sdp-offer.ts';

/** Where the browser can reach us. */
export interface CandidateAddress {
  readonly protocol: 'udp' | 'tcp';
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

export interface AnswerOptions {
  /** One more with each answer to the same peer (RFC 3264 section 8). */
  readonly version: number;
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: Fingerprint;
  /** Of the stream that we send. */
  readonly ssrc: number;
  readonly cname: string;
  /** At least one; the first of each protocol is preferred, and UDP to TCP. */
  readonly candidates: readonly CandidateAddress[];
}

const REVERSED: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** What the browser shall send (RFC 7587 section 6.1). */
const OPUS_PARAMETERS = 'minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxaveragebitrate=40000';

const HOST_TYPE_PREFERENCE = 126;
/** Below every kind of UDP candidate but relayed ones, which browsers rate by themselves (RFC 6544 section 4.2). */
const TCP_TYPE_PREFERENCE = 90;
/** RFC 6544 section 4.2: the direction, in the upper three bits of the local preference. */
const TCP_PASSIVE_PREFERENCE = 4;

/** The answer's text. Lines end with CRLF. */
export function writeAnswer(offer: AudioOffer, options: AnswerOptions): string {
  const lines = [
    'v=0',
    `o=- ${options.ssrc} ${options.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    ...(offer.bundled ? [`a=group:BUNDLE ${offer.mid}`] : []),
    'a=msid-semantic: WMS *',
    ...offer.sections.flatMap((section) =>
      section.accepted ? acceptedSection(offer, options) : refusedSection(section),
    ),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function acceptedSection(offer: AudioOffer, options: AnswerOptions): string[] {
  const { opusPayloadType: opus, redPayloadType: red, audioLevelExtensionId } = offer;
  const first = options.candidates[0];
  if (first === undefined) throw new RangeError('an answer needs a candidate');
  const direction = REVERSED[offer.direction];
  const sends = direction === 'sendrecv' || direction === 'sendonly';
  return [
    // Browsers send RED only if it comes first.
    `m=audio ${first.port} UDP/TLS/RTP/SAVPF ${red === null ? '' : `${red} `}${opus}`,
    `c=IN IP${isIP(first.address) === 6 ? 6 : 4} ${first.address}`,
    ...(offer.mid === null ? [] : [`a=mid:${offer.mid}`]),
    `a=ice-ufrag:${options.ufrag}`,
    `a=ice-pwd:${options.password}`,
    `a=fingerprint:${options.fingerprint.algorithm} ${options.fingerprint.value}`,
    'a=setup:passive',
    'a=rtcp-mux',
    `a=${direction}`,
    ...(red === null ? [] : [`a=rtpmap:${red} red/48000/2`, `a=fmtp:${red} ${opus}/${opus}`]),
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} ${OPUS_PARAMETERS}`,
    'a=ptime:20',
    ...(audioLevelExtensionId === null ? [] : [`a=extmap:${audioLevelExtensionId} ${AUDIO_LEVEL_URI}`]),
    ...(sends ? ['a=msid:mix mix', `a=ssrc:${options.ssrc} cname:${options.cname}`] : []),
    ...options.candidates.map(candidateLine),
    'a=end-of-candidates',
  ];
}

/**
 * RFC 8839 section 5.1, for TCP RFC 6544 section 4.5. We only listen: a client opens the connection. Priorities are those of host candidates by
 * RFC 8445 section 5.1.2, the earlier the better.
 */
function candidateLine({ protocol, address, port }: CandidateAddress, index: number): string {
  const isTcp = protocol === 'tcp';
  const [typePreference, localPreference] = isTcp
    ? [TCP_TYPE_PREFERENCE, TCP_PASSIVE_PREFERENCE * 2 ** 13 + 0x1fff - index]
    : [HOST_TYPE_PREFERENCE, 0xffff - index];
  const priority = typePreference * 2 ** 24 + localPreference * 2 ** 8 + 255;
  return `a=candidate:${index + 1} 1 ${protocol} ${priority} ${address} ${port} typ host${isTcp ? ' tcptype passive' : ''}`;
}

/** RFC 3264 section 6: a port of zero refuses. */
function refusedSection({ kind, protocol, format, mid }: OfferedSection): string[] {
  return [
    `m=${kind} 0 ${protocol} ${format}`,
    'c=IN IP4 0.0.0.0',
    ...(mid === null ? [] : [`a=mid:${mid}`]),
    'a=inactive',
  ];
}
