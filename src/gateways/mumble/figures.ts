/** What Mumble clients have sent and been sent, for the metrics. */
import type { UdpFigures } from './udp-port.ts';

/** Of one session or of all, since the start. */
export interface VoiceFigures {
  /** Voice packets from clients. */
  readonly inByUdp: number;
  readonly inByTunnel: number;
  /** Left out, because the client sent more than is allowed. */
  readonly overLimit: number;
  /** Left out, because they were no voice packets, or had no duration that Mumble knows. */
  readonly malformed: number;
  /** Voice packets to clients. */
  readonly outByUdp: number;
  readonly outByTunnel: number;
  /** Left out, because the connection was behind. */
  readonly outDropped: number;
  /** Of what clients sent by UDP. */
  readonly late: number;
  readonly lost: number;
  readonly resyncs: number;
}

export interface MumbleFigures {
  readonly connections: number;
  readonly voice: VoiceFigures;
  readonly udp: UdpFigures;
}

export const NO_VOICE: VoiceFigures = {
  inByUdp: 0,
  inByTunnel: 0,
  overLimit: 0,
  malformed: 0,
  outByUdp: 0,
  outByTunnel: 0,
  outDropped: 0,
  late: 0,
  lost: 0,
  resyncs: 0,
};
export const NO_UDP: UdpFigures = { datagrams: 0, refused: 0, unknown: 0, trials: 0, listPings: 0 };

export function sumOfVoice(a: VoiceFigures, b: VoiceFigures): VoiceFigures {
  const sum = { ...a } as { -readonly [K in keyof VoiceFigures]: number };
  for (const name of Object.keys(sum) as (keyof VoiceFigures)[]) sum[name] += b[name];
  return sum;
}
