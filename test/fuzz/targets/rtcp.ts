import { parseRtcp, writeBye, writeReport, writeSdes } from '../../../src/rtc/rtp/rtcp.ts';
import { RtcpSession } from '../../../src/rtc/rtp/rtcp-session.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { pick, randomBytes } from '../mutate.ts';
import { type FuzzTarget, hold } from '../target.ts';
import { watchedBytes } from '../watched-bytes.ts';

const SSRC = 0x12345678;
const PEER = 0x9abcdef0;

export const rtcp: FuzzTarget = {
  name: 'rtcp',
  files: ['src/rtc/rtp/rtcp.ts', 'src/rtc/rtp/rtcp-session.ts', 'src/rtc/rtp/loss-trigger.ts'],
  weight: 2,
  seeds: () => [compound()],
  generate: (prng) => anyCompound(prng),
  run: (input) => {
    const content = parseRtcp(input.length < 200 ? watchedBytes(input) : input, input.length);
    if (content === null) return;
    const { senderReports, reports } = content;
    const bytes = senderReports.length * 20 + reports.length * 24;
    hold(bytes <= input.length, 'no more is read than was sent');
    for (const { fractionLost, cumulativeLost } of reports) {
      hold(fractionLost >= 0 && fractionLost <= 255, 'the fraction lost has 8 bits');
      hold(cumulativeLost >= -0x80_0000 && cumulativeLost <= 0x7f_ffff, 'the number lost has 24 bits and a sign');
    }
    const first = reports.slice(0, 31);
    const written = new Uint8Array(8 + first.length * 24);
    const end = writeReport(written, 0, SSRC, null, first);
    hold(
      JSON.stringify(parseRtcp(written, end)?.reports) === JSON.stringify(first),
      'written reports parse back unchanged',
    );
    checkSession(input);
  },
};

function checkSession(input: Uint8Array): void {
  const session = new RtcpSession({ ssrc: SSRC, cname: 'fuzz', nowMs: 0, random: () => 0.5 });
  const room = new Uint8Array(256);
  const sent = { packets: 1, bytes: 80, timestamp: 0, atMs: 10 };
  session.write(room, { sent, peer: null, nowMs: 20, wallNowMs: 1_700_000_000_000, kind: 'report' });
  hold(session.receive(input, input.length, PEER, 100), 'a parsable packet is accepted');
  const { outgoing, roundTripMs } = session;
  if (outgoing !== null) {
    const { lossRatio, jitterMs } = outgoing;
    hold(lossRatio >= 0 && lossRatio <= 1, 'a ratio is 0 to 1');
    hold(jitterMs >= 0 && jitterMs <= 10_000, 'jitter is within the longest wait');
  }
  hold(roundTripMs === null || (roundTripMs >= 0 && roundTripMs <= 100), 'a round trip is within the elapsed time');
}

function compound(): Uint8Array {
  const bytes = new Uint8Array(512);
  const sender = { ntp: { seconds: 1, fraction: 2 }, rtpTimestamp: 3, packetCount: 4, octetCount: 5 };
  let end = writeReport(bytes, 0, PEER, sender, [report(SSRC), report(1)]);
  end = writeSdes(bytes, end, PEER, 'somebody');
  end = writeReport(bytes, end, PEER, null, [report(SSRC)]);
  return bytes.slice(0, writeBye(bytes, end, PEER));
}

function report(ssrc: number) {
  return {
    ssrc,
    fractionLost: 25,
    cumulativeLost: -3,
    highestSequenceNumber: 70_000,
    jitter: 9,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 65_536,
  };
}

function anyCompound(prng: Prng): Buffer {
  const packets = Array.from({ length: integerBetween(prng, 1, 6) }, () => {
    const type = pick(prng, [200, 201, 202, 203, 204, 205, 206, 207]);
    const count = integerBetween(prng, 0, prng() < 0.8 ? 3 : 31);
    const words = prng() < 0.7 ? { 200: 6 + count * 6, 201: 1 + count * 6, 203: count }[type] : undefined;
    const body = randomBytes(prng, (words ?? integerBetween(prng, 0, 20)) * 4);
    if (body.length >= 12 && prng() < 0.5) body.writeUInt32BE(pick(prng, [SSRC, PEER]), type === 200 ? 0 : 4);
    const padded = prng() < 0.1 ? 0x20 : 0;
    if (padded !== 0 && body.length > 0) body[body.length - 1] = pick(prng, [0, 1, 4, 8, 200]);
    return Buffer.concat([Buffer.from([0x80 | padded | count, type, 0, body.length / 4]), body]);
  });
  return Buffer.concat(packets);
}
