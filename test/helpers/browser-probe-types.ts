/** What a test tells the probe in a page, apart from the probe, because that one needs the types of browsers. */
export type ProbeMicrophone =
  /** The browser's own, which may be a fake device that plays a file. */
  | { readonly kind: 'browser' }
  | { readonly kind: 'tone'; readonly frequencyHz: number; readonly gain: number }
  /** 48 kHz samples as base64 of little-endian float32, played in a loop. */
  | { readonly kind: 'samples'; readonly base64: string }
  /** getUserMedia fails with a DOMException of this name. */
  | { readonly kind: 'failure'; readonly name: string };

export interface ProbeReport {
  /** RTCPeerConnections that the page has made, those included that are closed. */
  readonly connections: number;
  /** Answers that all of them have taken: one of each connection, and another for each ICE restart. */
  readonly answers: number;
  /** Remote audio tracks of all open connections of the page. */
  readonly remoteTracks: number;
  readonly audioElements: number;
  /** The audio element is playing and not silenced. */
  readonly isAudible: boolean;
  /** Of the newest open connection; empty objects without one. */
  readonly inbound: Record<string, unknown>;
  readonly outbound: Record<string, unknown>;
  /** Both ends of the candidate pair in use. */
  readonly localCandidate: Record<string, unknown>;
  readonly remoteCandidate: Record<string, unknown>;
}
