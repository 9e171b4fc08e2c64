import { randomBytes } from 'node:crypto';

export const OPUS_PAYLOAD_TYPE = 111;
export const RED_PAYLOAD_TYPE = 63;
export const AUDIO_LEVEL_EXTENSION_ID = 1;

export interface OfferOptions {
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** SHA-256, upper-case hex with colons. */
  readonly fingerprint: string;
  readonly ssrc: number;
  /** Whether RED (RFC 2198) comes before Opus, as on the page. */
  readonly red?: boolean;
  /** Whether what is sent and played is in stereo, as with OBS. */
  readonly stereo?: boolean;
}

/**
 * An offer as Chromium writes it for one microphone track. It includes the codecs and extensions that the server must
 * leave out.
 */
export function writeOffer({ iceUfrag, icePwd, fingerprint, ssrc, red = false, stereo = false }: OfferOptions): string {
  const stream = randomBytes(8).toString('hex');
  const lines = [
    'v=0',
    `o=- ${randomBytes(6).readUIntBE(0, 6)} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    `a=msid-semantic: WMS ${stream}`,
    `m=audio 9 UDP/TLS/RTP/SAVPF ${red ? '63 111' : '111 63'} 9 0 8 13 110 126`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${iceUfrag}`,
    `a=ice-pwd:${icePwd}`,
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${fingerprint}`,
    'a=setup:actpass',
    'a=mid:0',
    `a=extmap:${AUDIO_LEVEL_EXTENSION_ID} urn:ietf:params:rtp-hdrext:ssrc-audio-level`,
    'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=sendrecv',
    `a=msid:${stream} ${stream}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:111 opus/48000/2',
    'a=rtcp-fb:111 transport-cc',
    `a=fmtp:111 minptime=10;useinbandfec=1${stereo ? ';stereo=1;sprop-stereo=1' : ''}`,
    'a=rtpmap:63 red/48000/2',
    'a=fmtp:63 111/111',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:13 CN/8000',
    'a=rtpmap:110 telephone-event/48000',
    'a=rtpmap:126 telephone-event/8000',
    `a=ssrc:${ssrc} cname:${stream}`,
    `a=ssrc:${ssrc} msid:${stream} ${stream}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** What a client needs from the server's answer. */
export interface Answer {
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** SHA-256, upper-case hex with colons. */
  readonly fingerprint: string;
  /** From the first UDP candidate. */
  readonly address: string;
  readonly port: number;
  /** Whether the server reads RFC 6464 levels. The id is the offered one. */
  readonly audioLevel: boolean;
  /** Whether the server reads RED. */
  readonly red: boolean;
  /** SSRC of the stream that the server sends, if the answer states it. */
  readonly ssrc: number | null;
  /** Whether the server asks for DTX (RFC 7587 section 6.1). A browser uses it only then. */
  readonly dtx: boolean;
}

/** Throws if a field is missing or the server is not the passive side of DTLS. */
export function readAnswer(sdp: string): Answer {
  const field = (pattern: RegExp): string => {
    const value = pattern.exec(sdp)?.[1];
    if (value === undefined) throw new Error(`the answer has no ${pattern.source}`);
    return value;
  };
  field(/^(a=setup:passive)\r?$/m);
  field(new RegExp(`^(a=rtpmap:${OPUS_PAYLOAD_TYPE} opus/48000/2)\\r?$`, 'im'));
  const candidate = /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ/im.exec(sdp);
  if (candidate === null) throw new Error('the answer has no candidate over UDP');
  const ssrc = /^a=ssrc:(\d+)/m.exec(sdp)?.[1];
  return {
    iceUfrag: field(/^a=ice-ufrag:(\S+)/m),
    icePwd: field(/^a=ice-pwd:(\S+)/m),
    fingerprint: field(/^a=fingerprint:sha-256 (\S+)/im).toUpperCase(),
    address: candidate[1]!,
    port: Number(candidate[2]),
    audioLevel: sdp.includes('urn:ietf:params:rtp-hdrext:ssrc-audio-level'),
    red: new RegExp(`^a=rtpmap:${RED_PAYLOAD_TYPE} red/48000`, 'im').test(sdp),
    ssrc: ssrc === undefined ? null : Number(ssrc),
    dtx: new RegExp(`^a=fmtp:${OPUS_PAYLOAD_TYPE} .*\\busedtx=1\\b`, 'm').test(sdp),
  };
}
