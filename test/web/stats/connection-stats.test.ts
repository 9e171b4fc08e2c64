import { test } from 'tap';
import { readConnection } from '../../../web/app/stats/connection-stats.ts';

/** What Chromium 156 reports, without the fields that nobody reads. */
const chromium = ({
  atMs = 10_000,
  sent = 50_000,
  received = 80_000,
  emitted = 96_000,
  target = 4800,
  gaps = 2,
  late = 1,
} = {}) => [
  {
    id: 'C1',
    type: 'codec',
    mimeType: 'audio/opus',
    clockRate: 48_000,
    sdpFmtpLine: 'minptime=10;stereo=1;useinbandfec=1',
  },
  { id: 'L1', type: 'local-candidate', candidateType: 'host', protocol: 'udp', address: '192.0.2.7', port: 50_000 },
  { id: 'R1', type: 'remote-candidate', candidateType: 'host', protocol: 'udp', address: '198.51.100.1', port: 7000 },
  {
    id: 'P0',
    type: 'candidate-pair',
    nominated: false,
    state: 'waiting',
    localCandidateId: 'R1',
    remoteCandidateId: 'L1',
  },
  {
    id: 'P1',
    type: 'candidate-pair',
    nominated: true,
    state: 'succeeded',
    localCandidateId: 'L1',
    remoteCandidateId: 'R1',
  },
  {
    id: 'T1',
    type: 'transport',
    selectedCandidatePairId: 'P1',
    srtpCipher: 'AEAD_AES_128_GCM',
    dtlsCipher: 'TLS_ECDHE',
  },
  { id: 'O1', type: 'outbound-rtp', kind: 'audio', timestamp: atMs, bytesSent: sent },
  {
    id: 'I1',
    type: 'inbound-rtp',
    kind: 'audio',
    timestamp: atMs,
    bytesReceived: received,
    codecId: 'C1',
    packetsDiscarded: late,
    concealmentEvents: gaps,
    jitterBufferTargetDelay: target,
    jitterBufferEmittedCount: emitted,
  },
];

test('the way, the codec and the encryption', async (t) => {
  const { stats } = readConnection(chromium(), null);
  t.same(stats.path, { kind: 'direct', transport: 'udp', server: '198.51.100.1:7000' });
  t.equal(stats.codec, 'opus, 48 kHz, stereo');
  t.equal(stats.encryption, 'AEAD_AES_128_GCM, TLS_ECDHE');
  t.same([stats.sentKbps, stats.discarded, stats.targetBufferMs], [null, null, null], 'the first report has no rates');
});

test('rates and counts are those since the last report', async (t) => {
  const { totals } = readConnection(chromium(), null);
  const later = chromium({
    atMs: 12_000,
    sent: 58_000,
    received: 92_000,
    emitted: 192_000,
    target: 9600,
    gaps: 5,
    late: 1,
  });
  const { stats } = readConnection(later, totals);
  t.same([stats.sentKbps, stats.receivedKbps], [32, 48]);
  t.same([stats.concealments, stats.discarded, stats.targetBufferMs], [3, 0, 50]);
  const renewed = chromium({ atMs: 14_000, sent: 100, received: 200, emitted: 960, target: 48, gaps: 0, late: 0 });
  const { stats: first } = readConnection(renewed, totals);
  t.same(
    [first.sentKbps, first.concealments, first.targetBufferMs],
    [null, null, null],
    'another connection starts anew',
  );
});

test('relays and TCP are told by what goes out of this machine', async (t) => {
  const path = (
    local: Record<string, unknown>,
    remote: Record<string, unknown> = { address: '2001:db8::1', port: 443 },
  ) =>
    readConnection(
      [
        { id: 'L', type: 'local-candidate', ...local },
        { id: 'R', type: 'remote-candidate', ...remote },
        { id: 'P', type: 'candidate-pair', selected: true, localCandidateId: 'L', remoteCandidateId: 'R' },
      ],
      null,
    ).stats.path;
  const server = '[2001:db8::1]:443';
  t.same(path({ candidateType: 'prflx', protocol: 'tcp' }), { kind: 'direct', transport: 'tcp', server });
  t.same(path({ candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' }), {
    kind: 'relay',
    transport: 'tls',
    server,
  });
  t.same(path({ candidateType: 'relay', protocol: 'udp', relayProtocol: 'udp' }), {
    kind: 'relay',
    transport: 'udp',
    server,
  });
  t.equal(path({ candidateType: 'host', protocol: 'udp' }, { address: '', port: 9 })?.server, null);
  t.equal(path({ candidateType: 'host', protocol: 'udp' }, {})?.server, null);
});

test('what a browser does not tell is unknown, not zero', async (t) => {
  const { stats, totals } = readConnection([], null);
  t.same(new Set(Object.values(stats)), new Set([null]));
  const bare = [{ id: 'I', type: 'inbound-rtp', kind: 'audio', timestamp: 1, bytesReceived: 1 }];
  const { stats: next } = readConnection(bare, totals);
  t.same([next.discarded, next.concealments, next.targetBufferMs, next.codec], [null, null, null, null]);
  const video = [{ id: 'V', type: 'inbound-rtp', kind: 'video', timestamp: 1, packetsDiscarded: 9 }];
  t.equal(readConnection(video, totals).stats.discarded, null);
});
