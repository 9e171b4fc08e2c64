import type { SrtpFailure } from './srtp/srtp-session.ts';

/** Totals of the voice received and sent by endpoints, without reports and handshakes. */
export interface VoiceCounters {
  packetsIn: number;
  /** Payload bytes, like `bytesOut`. */
  bytesIn: number;
  packetsOut: number;
  bytesOut: number;
  /** Sent packets that contain a copy of the previous one. */
  redundantPacketsOut: number;
  /** Packets that were forged, replayed or malformed. */
  packetsRejected: number;
}

export function createVoiceCounters(): VoiceCounters {
  return { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0, redundantPacketsOut: 0, packetsRejected: 0 };
}

/** Counters of one WebRTC connection. Packet problems are counted, not thrown. */
export interface WebRtcCounters {
  rtpPacketsIn: number;
  /** Payload bytes. */
  rtpBytesIn: number;
  rtcpPacketsIn: number;
  rtcpPacketsOut: number;
  /** SRTP and SRTCP packets that were not authentic, were replayed, or were malformed before or after decryption. */
  srtpForged: number;
  srtpReplayed: number;
  srtpMalformed: number;
  /** Media that arrived before the keys. */
  beforeKeys: number;
  unknownPayloadType: number;
  /** Media from a peer whose direction does not allow it. */
  againstDirection: number;
  /** Packets of a second source while the first one is still sending. */
  unknownSsrc: number;
  /** DTLS datagrams that were malformed, unencrypted after the handshake, or too many then. */
  dtlsDropped: number;
  /** Changes of the peer's SSRC. */
  ssrcChanges: number;
}

export function createWebRtcCounters(): WebRtcCounters {
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

export function countSrtpFailure(counters: WebRtcCounters, failure: SrtpFailure): void {
  switch (failure) {
    case 'auth':
      counters.srtpForged++;
      return;
    case 'replay':
      counters.srtpReplayed++;
      return;
    case 'malformed':
      counters.srtpMalformed++;
  }
}
