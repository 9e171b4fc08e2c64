import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { writeBye, writeReport } from '../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { Conversation, type Party, ROOM, usualLevelDbfs } from '../helpers/conversation.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame, sendFrames } from '../helpers/every-frame.ts';
import { bytes, forgedMedia } from '../helpers/hostile-datagrams.ts';
import { createFrameEncoder } from '../helpers/opus.ts';
import { createPrng } from '../helpers/prng.ts';
import { RawParticipant } from '../helpers/raw-participant.ts';
import { toInt16, tone } from '../helpers/signal.ts';

const SEED = 43;
const REPEATS = 100;
const FRAME_SAMPLES = 960;
/** Not used by any of the voices. */
const OTHER_HZ = 1240;
const ANOTHER_HZ = 1730;
const INAUDIBLE_DBFS = -45;
const AUDIBLE_DBFS = -30;
/** Packets in which somebody has to be heard. */
const LISTENING = 15;
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

  /** Packets that were not authentic so far, at least. */
  let rejected = 0;

  await t.test('replayed packets are refused and not heard', async (t) => {
    const stranger = await conversation.stranger(t);
    const packets = rtp(ada.address).slice(-REPEATS);
    await conversation.unharmed(t, async () => {
      for (const packet of packets) {
        onPath.sendAs(ada.address, packet);
        await stranger.send(packet);
      }
    });
    rejected += packets.length;
    await t.resolves(conversation.reaches('srtp_rejected', rejected), 'each of them is counted');
  });

  await t.test("packets of one participant in another's name are refused", async (t) => {
    await conversation.unharmed(t, () => {
      for (const packet of rtp(ben.address).slice(-REPEATS)) onPath.sendAs(ada.address, packet);
    });
    rejected += REPEATS;
    await t.resolves(conversation.reaches('srtp_rejected', rejected), 'each of them is counted');
  });

  await t.test('forged packets are refused, whichever stream they claim to belong to', async (t) => {
    const stranger = await conversation.stranger(t);
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
    rejected += 4 * REPEATS;
    await t.resolves(conversation.reaches('srtp_rejected', rejected), 'each of them is counted');
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
    await conversation.unharmed(t, () => speakUntilHeard(eve, ada));
  });

  await t.test('an outage during which the sequence numbers wrap does not end a voice', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 78, sequenceNumber: 0xffff - 30 });
    t.teardown(() => eve.close());
    await sendFrames(25, sender(eve, OTHER_HZ));
    t.ok(eve.sequenceNumber > 0x8000, 'no wrap yet');
    // Two minutes, according to the numbers.
    eve.skip(6000);
    await eventually(() => heardLately(ada, OTHER_HZ) < INAUDIBLE_DBFS || 'something is heard during the outage');
    await t.resolves(speakUntilHeard(eve, ada, ANOTHER_HZ), 'and the voice afterwards');
  });

  await t.test('the packets before the first wrap may be lost', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 80, sequenceNumber: 0xffff - 5 });
    t.teardown(() => eve.close());
    for (let i = 0; i < 10; i++) eve.loseRtp(Buffer.from([0xf8, 0xff, 0xfe]));
    await t.resolves(speakUntilHeard(eve, ada));
  });

  await t.test('a participant who changes the SSRC is heard each time, however often', async (t) => {
    const eve = await RawParticipant.join({ ...join, name: 'Eve', ssrc: 100 });
    t.teardown(() => eve.close());
    await conversation.unharmed(t, async () => {
      for (let change = 0; change < 12; change++) {
        if (change > 0) eve.changeSource(100 + change, Math.floor(prng() * 65_536), Math.floor(prng() * 2 ** 32));
        // Another voice each time: what is left of the one before is not mistaken for it.
        const frequencyHz = change % 2 === 0 ? OTHER_HZ : ANOTHER_HZ;
        await t.resolves(speakUntilHeard(eve, ada, frequencyHz), `source ${change} is heard`);
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

/** Sends a tone, in real time, until the other one hears it. Rejects if that does not happen. */
async function speakUntilHeard(participant: RawParticipant, by: Party, frequencyHz = OTHER_HZ): Promise<void> {
  const hangUp = everyFrame(sender(participant, frequencyHz));
  try {
    await eventually(() => {
      const levelDbfs = heardLately(by, frequencyHz);
      return levelDbfs > AUDIBLE_DBFS || `heard at ${levelDbfs.toFixed(1)} dBFS`;
    });
  } finally {
    hangUp();
  }
}

/** Returns what sends the n-th frame of a tone. */
function sender(participant: RawParticipant, frequencyHz: number): (n: number) => void {
  const encode = createFrameEncoder();
  return (n) => {
    const sound = tone({ frequencyHz, samples: FRAME_SAMPLES, startSample: n * FRAME_SAMPLES });
    participant.sendRtp(encode(toInt16(sound)));
  };
}

/** How loud a tone was in the last packets. */
function heardLately({ hearing }: Party, frequencyHz: number): number {
  return usualLevelDbfs(hearing.sound(Math.max(0, hearing.mark() - LISTENING)), frequencyHz);
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
