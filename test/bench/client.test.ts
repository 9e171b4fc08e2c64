import { test } from 'tap';
import { LoopWatch } from '../../bench/client/loop-watch.ts';
import { silenceProgramme } from '../../bench/client/programme.ts';
import { ReceiveCounters } from '../../bench/client/receive-counters.ts';
import { readAnswer, writeOffer } from '../../bench/client/session-description.ts';

test('received, lost and late packets and gaps are counted from the unencrypted header', async (t) => {
  const counters = new ReceiveCounters();
  const packet = (sequenceNumber: number) =>
    Buffer.from([0x80, 111, sequenceNumber >> 8, sequenceNumber & 255, ...new Uint8Array(96)]);
  for (const [index, sequenceNumber] of [65_534, 65_535, 0, 3, 2, 3].entries()) {
    counters.count(packet(sequenceNumber), 20 * index);
  }
  counters.count(packet(4), 200);
  t.same(counters.report(200), { packets: 7, bytes: 700, lost: 1, outOfOrder: 2, largestGapMs: 100, pausedMs: 0 });
  counters.reset(200);
  counters.count(packet(5), 230);
  t.same(counters.report(230), { packets: 1, bytes: 100, lost: 0, outOfOrder: 0, largestGapMs: 30, pausedMs: 0 });
});

test('a pause after a silence packet is not a gap', async (t) => {
  const counters = new ReceiveCounters();
  const packet = (sequenceNumber: number, bytes: number) =>
    Buffer.from([0x80, 111, 0, sequenceNumber, ...new Uint8Array(bytes - 4)]);
  counters.count(packet(1, 100), 0);
  counters.count(packet(2, 31), 20);
  counters.count(packet(3, 31), 420);
  counters.count(packet(4, 100), 700);
  counters.count(packet(5, 100), 725);
  t.match(counters.report(725), { largestGapMs: 25, pausedMs: 380 + 260 });
  counters.count(packet(6, 31), 745);
  t.match(counters.report(845), { pausedMs: 380 + 260 + 80 }, 'a pause counts before it ends');
  counters.reset(845);
  counters.count(packet(7, 100), 945);
  t.match(counters.report(945), { pausedMs: 80, largestGapMs: 0 }, 'a pause counts from the reset onwards');
});

test('a pause in the client itself is not a gap', async (t) => {
  const loop = new LoopWatch(4);
  const packet = Buffer.from([0x80, 111, 0, 1, ...new Uint8Array(96)]);
  const counters = new ReceiveCounters();
  const beat = (fromMs: number, toMs: number) => {
    for (let atMs = fromMs; atMs <= toMs; atMs += 4) loop.beat(atMs);
  };
  beat(0, 20);
  counters.count(packet, 21, loop.waitMs(21));
  // The event loop is blocked from 24 to 100 ms. The timer fires first, and the waiting packet is read after it.
  beat(24, 24);
  loop.beat(100);
  counters.count(packet, 101, loop.waitMs(101));
  t.equal(loop.longestPauseMs, 72);
  t.ok(counters.report(101).largestGapMs <= 20);
  counters.reset(101);
  loop.reset();
  // The server pauses for just as long, while the client keeps reading.
  beat(104, 180);
  counters.count(packet, 181, loop.waitMs(181));
  t.equal(loop.longestPauseMs, 0);
  t.equal(counters.report(181).largestGapMs, 80);
});

test('a session answer is parsed into what a client needs, and refused without a role', async (t) => {
  const sdp = [
    'v=0',
    'm=audio 40000 UDP/TLS/RTP/SAVPF 111',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:efghefghefghefghefghefgh',
    'a=fingerprint:sha-256 aa:bb',
    'a=setup:passive',
    'a=rtpmap:111 opus/48000/2',
    'a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host',
    '',
  ].join('\r\n');
  t.same(readAnswer(sdp), {
    iceUfrag: 'abcd',
    icePwd: 'efghefghefghefghefghefgh',
    fingerprint: 'AA:BB',
    address: '127.0.0.1',
    port: 40_000,
    audioLevel: false,
    red: false,
    ssrc: null,
    dtx: false,
  });
  t.match(readAnswer(`${sdp}a=rtpmap:63 red/48000/2\r\na=ssrc:77 cname:x\r\n`), { red: true, ssrc: 77 });
  t.ok(readAnswer(`${sdp}a=fmtp:111 minptime=10;usedtx=1;stereo=0\r\n`).dtx);
  t.notOk(readAnswer(`${sdp}a=fmtp:111 useinbandfec=1;usedtx=0\r\n`).dtx);
  t.throws(() => readAnswer(sdp.replace('a=setup:passive', 'a=setup:active')), /setup:passive/);
  t.throws(() => readAnswer(sdp.replace('a=ice-ufrag:abcd\r\n', '')), /ice-ufrag/);
  t.match(writeOffer({ iceUfrag: 'u', icePwd: 'p', fingerprint: 'AA', ssrc: 7 }), /a=ssrc:7 cname:/);
});

test('a silent participant with DTX sends a packet every 400 ms, and one without DTX every 20 ms', async (t) => {
  const packets = (dtx: boolean) => {
    const programme = silenceProgramme(dtx);
    return { every: programme.length / programme.filter((frame) => frame !== undefined).length, programme };
  };
  t.ok(packets(true).every > 8, 'one refresh and the frame after it every 20 frames, and hardly any others');
  t.equal(packets(false).every, 1);
  t.ok(
    packets(true).programme.every((frame) => frame === undefined || !frame.voice),
    'nothing in it is a voice',
  );
});
