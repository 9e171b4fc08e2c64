import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { writeBye, writeReport } from '../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { Conversation, ROOM, usualLevelDbfs } from '../helpers/conversation.ts';
import { bytes, forgedMedia } from '../helpers/hostile-datagrams.ts';
import { createFrameEncoder } from '../helpers/opus.ts';
import { createPrng } from '../helpers/prng.ts';
import { RawParticipant } from '../helpers/raw-participant.ts';
import { toInt16, tone } from '../helpers/signal.ts';

const SEED = 43;
const REPEATS = 100;
const FRAME_SAMPLES = 960;
const FRAME_MS = 20;
/** Not used by any of the voices. */
const OTHER_HZ = 1240;
const INAUDIBLE_DBFS = -45;
const AUDIBLE_DBFS = -30;
const anyConcealment = { maxConcealedShare: 1 };

test('while two people talk', async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = createPrng(SEED);
  const conversation = await Conversation.start(t);
  const { onPath, server, ada, ben, certificate } = conversation;
  const join = { url: server.webSocketUrl, room: ROOM, certificate };
  const media = (address: string) => onPath.sentBy(address, 'media');
  const rtp = (address: string) => media(address).filter((packet) => packet[1]! < 192 || packet[1]! > 223);
  const ssrcOf = (address: string) => {
    const header = createRtpHeader();
    parseRtpHeader(rtp(address)[0]!, header, null);
    return header.ssrc;
  };

  await t.test('replayed packets are refused and not heard', async (t) => {
    const stranger = await conversation.stranger(t);
    const before = await conversation.count('srtp_rejected');
    const packets = rtp(ada.address).slice(-REPEATS);
    await conversation.unharmed(t, async () => {
      for (const packet of packets) {
        onPath.sendAs(ada.address, packet);
        await stranger.send(packet);
      }
    });
    t.ok((await conversation.count('srtp_rejected')) - before >= packets.length, 'each of them is counted');
  });

  await t.test("packets of one participant in another's name are refused", async (t) => {
    const before = await conversation.count('srtp_rejected');
    await conversation.unharmed(t, () => {
      for (const packet of rtp(ben.address).slice(-REPEATS)) onPath.sendAs(ada.address, packet);
    });
    t.ok((await conversation.count('srtp_rejected')) - before >= REPEATS, 'each of them is counted');
  });

  await t.test('forged packets are refused, whichever stream they claim to belong to', async (t) => {
    const stranger = await conversation.stranger(t);
    const before = await conversation.count('srtp_rejected');
    await conversation.unharmed(t, async () => {
      const last = rtp(ada.address).at(-1)!;
      for (let i = 0; i < REPEATS; i++) {
        const latest = Buffer.from(last);
        // Guesses the next packets of the stream as well as possible.
        latest.writeUInt16BE((latest.readUInt16BE(2) + 1 + i * 300) & 0xffff, 2);
        const bent = Buffer.from(last);
        bent[20]! ^= 1;
        for (const packet of [latest, bent, forgedMedia(prng), forgedMedia(prng, { rtcp: true })]) {
          onPath.sendAs(ada.address, packet);
          await stranger.send(packet);
        }
      }
    });
    t.ok((await conversation.count('srtp_rejected')) - before >= 4 * REPEATS, 'each of them is counted');
    t.same(stranger.heard, []);
  });

  await t.test(
    "RTCP that is forged, or genuine and huge, ends nobody's connection and says nothing about others",
    async (t) => {
      const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 77 });
      t.teardown(() => eve.close());
      const victims = [ssrcOf(ada.address), ssrcOf(ben.address)];
      const compound = new Uint8Array(1400);
      let end = writeReport(compound, 0, 77, null, []);
      while (end + 8 + 24 * 4 + 16 < compound.length) {
        const reports = victims.flatMap((ssrc) => [lostEverything(ssrc), lostEverything(ssrc)]);
        end = writeReport(compound, end, victims[0]!, null, reports);
        for (const ssrc of victims) end = writeBye(compound, end, ssrc);
      }
      await conversation.unharmed(t, async () => {
        for (let i = 0; i < REPEATS; i++) {
          eve.sendRtcp(compound.subarray(0, end));
          eve.sendRtcp(Buffer.concat([compound.subarray(0, 8), bytes(prng, 1200)]));
          onPath.sendAs(ada.address, forgedMedia(prng, { rtcp: true, length: 1400 }));
          if (i % 20 === 0) await sleep(5);
        }
      });
    },
  );

  await t.test("a participant with another one's SSRC is heard beside them, and takes nothing from them", async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: ssrcOf(ben.address) });
    t.teardown(() => eve.close());
    const mark = ada.hearing.mark();
    await conversation.unharmed(t, () => speak(eve, 50));
    const level = usualLevelDbfs(ada.hearing.sound(mark), OTHER_HZ);
    t.ok(level > AUDIBLE_DBFS, `Eve is heard (${level.toFixed(1)} dBFS)`);
  });

  await t.test('an outage during which the sequence numbers wrap does not end a voice', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 78, sequenceNumber: 0xffff - 30 });
    t.teardown(() => eve.close());
    await speak(eve, 25);
    // Two minutes, according to the numbers.
    eve.skip(6000);
    await sleep(300);
    const quiet = ada.hearing.mark();
    await sleep(300);
    const back = ada.hearing.mark();
    t.ok(
      usualLevelDbfs(ada.hearing.sound(quiet, back), OTHER_HZ) < INAUDIBLE_DBFS,
      'nothing is heard during the outage',
    );
    await speak(eve, 60);
    const level = usualLevelDbfs(ada.hearing.sound(back + 15), OTHER_HZ);
    t.ok(level > AUDIBLE_DBFS, `and the voice afterwards (${level.toFixed(1)} dBFS)`);
  });

  await t.test('the packets before the first wrap may be lost', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 80, sequenceNumber: 0xffff - 5 });
    t.teardown(() => eve.close());
    for (let i = 0; i < 10; i++) eve.loseRtp(Buffer.from([0xf8, 0xff, 0xfe]));
    const mark = ada.hearing.mark();
    await speak(eve, 40);
    const level = usualLevelDbfs(ada.hearing.sound(mark), OTHER_HZ);
    t.ok(level > AUDIBLE_DBFS, `Eve is heard (${level.toFixed(1)} dBFS)`);
  });

  await t.test('a participant who changes the SSRC is heard each time, however often', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 100 });
    t.teardown(() => eve.close());
    await conversation.unharmed(t, async () => {
      for (let change = 0; change < 12; change++) {
        if (change > 0) eve.changeSource(100 + change, Math.floor(prng() * 65_536), Math.floor(prng() * 2 ** 32));
        const mark = ada.hearing.mark();
        await speak(eve, 40);
        const level = usualLevelDbfs(ada.hearing.sound(mark), OTHER_HZ);
        t.ok(level > AUDIBLE_DBFS, `source ${change} is heard (${level.toFixed(1)} dBFS)`);
      }
    });
  });

  await t.test('payloads that no encoder has made are not heard and stop nobody', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 79 });
    t.teardown(() => eve.close());
    await conversation.unharmed(
      t,
      async () => {
        for (let i = 0; i < 3 * REPEATS; i++) {
          eve.sendRtp(bytes(prng, [0, 1, 2, 3, 60, 200, 1100][i % 7]!));
          if (i % 10 === 0) await sleep(10);
        }
        // Those of Eve's own frames that cannot be decoded are concealed.
      },
      anyConcealment,
    );
  });
});

/** Sends a tone that nobody else uses, in real time. */
async function speak(participant: RawParticipant, frames: number): Promise<void> {
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz: OTHER_HZ, samples: frames * FRAME_SAMPLES }));
  const startMs = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    await sleep(Math.max(0, startMs + frame * FRAME_MS - performance.now()));
    participant.sendRtp(encode(sound.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES)));
  }
}

function lostEverything(ssrc: number) {
  return {
    ssrc,
    fractionLost: 255,
    cumulativeLost: 0x7f_ffff,
    highestSequenceNumber: 0xffff_ffff,
    jitter: 0xffff_ffff,
    lastSenderReport: 0xffff_ffff,
    delaySinceLastSenderReport: 0xffff_ffff,
  };
}
