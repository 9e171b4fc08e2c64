/** What one transport has counted. Packet problems are counted, not thrown. */
export interface WebRtcTransportCounters {
  rtpPacketsIn: number;
  /** Payload bytes. */
  rtpBytesIn: number;
  rtcpPacketsIn: number;
  rtcpPacketsOut: number;
  /** SRTP and SRTCP packets that were not authentic, were replayed, or were malformed before or after decryption. */
  srtpForged: number;
  srtpReplayed: number;
  srtpMalformed: number;
  /** Media that came before the keys. */
  beforeKeys: number;
  unknownPayloadType: number;
  /** Media from a peer that was to send none. */
  againstDirection: number;
  /** Packets of a second source while the first one still sends. */
  unknownSsrc: number;
  /** DTLS datagrams that were no such thing, in the clear after the handshake, or too many then. */
  dtlsDropped: number;
  /** Changes of the peer's SSRC. */
  ssrcChanges: number;
}

export function createTransportCounters(): WebRtcTransportCounters {
  return {
    rtpPacketsIn: 0,
    rtpBytesIn: 0,
    rtcpPacketsIn: 0,
    rtcpPacketsOut: 0,
    srtpForged: 0,
    srtpReplayed: 0,
    srtpMalformed: 0,
    beforeKeys: 0,
    unknownPayloadType: 0,
    againstDirection: 0,
    unknownSsrc: 0,
    dtlsDropped: 0,
    ssrcChanges: 0,
  };
}
