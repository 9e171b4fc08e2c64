/** Offers of any shape for the tests in this folder. */

export interface OfferSection {
  /** Audio with Opus by default. */
  readonly kind?: string;
  readonly port?: number;
  readonly protocol?: string;
  /** Its place in the offer by default; null for none. */
  readonly mid?: string | null;
  /** Null for no such line. */
  readonly direction?: string | null;
  readonly opus?: number;
  readonly formats?: string;
  /** ICE, DTLS and rtcp-mux. */
  readonly transport?: readonly string[];
  /** Additional ones. */
  readonly lines?: readonly string[];
}

export interface OfferSession {
  /** `BUNDLE` with all mids by default; empty for no group. */
  readonly group?: string;
  readonly lines?: readonly string[];
}

/** The lines of a section with its own transport. The fingerprint is this byte 32 times. */
export function transport(ufrag: string, password: string, fingerprintByte: string | null): string[] {
  const fingerprint = `a=fingerprint:sha-256 ${Array(32).fill(fingerprintByte).join(':')}`;
  return [
    ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, 'a=setup:actpass', 'a=rtcp-mux'],
    ...(fingerprintByte === null ? [] : [fingerprint]),
  ];
}

export function sdpOffer(sections: readonly OfferSection[], session: OfferSession = {}): string {
  const named = sections.map((section, index) => ({
    ...section,
    mid: section.mid === undefined ? `${index}` : section.mid,
  }));
  const { group = `BUNDLE ${named.map(({ mid }) => mid).join(' ')}`, lines = [] } = session;
  const all = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    ...(group === '' ? [] : [`a=group:${group}`]),
    ...lines,
    ...named.flatMap(sectionLines),
  ];
  return `${all.join('\r\n')}\r\n`;
}

function sectionLines(section: OfferSection & { readonly mid: string | null }): string[] {
  const { kind = 'audio', port = 9, protocol = 'UDP/TLS/RTP/SAVPF', mid, direction = 'sendrecv', opus = 111 } = section;
  const { transport: ownTransport = transport('ufrag', 'p'.repeat(24), 'AB'), lines = [] } = section;
  const codec =
    kind === 'audio' ? [`a=rtpmap:${opus} opus/48000/2`] : kind === 'video' ? ['a=rtpmap:97 VP8/90000'] : [];
  const { formats = kind === 'audio' ? `${opus}` : kind === 'video' ? '97' : 'webrtc-datachannel' } = section;
  return [
    `m=${kind} ${port} ${protocol} ${formats}`,
    'c=IN IP4 0.0.0.0',
    ...(mid === null ? [] : [`a=mid:${mid}`]),
    ...ownTransport,
    ...(direction === null ? [] : [`a=${direction}`]),
    ...codec,
    ...lines,
  ];
}
