/**
 * What a test tells the probe in a page. It is separate from the probe, because the probe needs the types of browsers.
 */
export type ProbeMicrophone =
  /** The browser's own microphone, which may be a fake device that plays a file. */
  | { readonly kind: 'browser' }
  | { readonly kind: 'tone'; readonly frequencyHz: number; readonly gain: number }
  /** 48 kHz samples as base64 of little-endian float32, played in a loop. */
  | { readonly kind: 'samples'; readonly base64: string }
  /** getUserMedia fails with a DOMException of this name. */
  | { readonly kind: 'failure'; readonly name: string };

export interface ProbeReport {
  /** RTCPeerConnections that the page has made, including closed ones. */
  readonly connections: number;
  /** Answers that all of them have accepted: one per connection, and another for each ICE restart. */
  readonly answers: number;
  /** Remote audio tracks of all open connections of the page. */
  readonly remoteTracks: number;
  readonly audioElements: number;
  /** Whether the audio element is playing and not silenced. */
  readonly isAudible: boolean;
  /** Statistics of the newest open connection. Empty objects if there is none. */
  readonly inbound: Record<string, unknown>;
  readonly outbound: Record<string, unknown>;
  /** Both ends of the candidate pair in use. */
  readonly localCandidate: Record<string, unknown>;
  readonly remoteCandidate: Record<string, unknown>;
}
