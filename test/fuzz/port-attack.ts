/**
 * Sends datagrams of all kinds at a live server while two people talk: invented, mutated, truncated, replayed, swapped
 * between participants.
 */
import { Barrage, loopbackAddresses } from '../../bench/client/barrage.ts';
import { type Conversation, type ConversationReport, ROOM } from '../helpers/conversation.ts';
import { bytes, handshakeRecord, junk, nomination } from '../helpers/hostile-datagrams.ts';
import { createPrng, integerBetween, type Prng } from '../helpers/prng.ts';
import { negotiate } from '../helpers/raw-participant.ts';
import { pick } from './mutate.ts';

const STRANGERS = 60;
/** How many of the latest datagrams there are to choose from. */
const RECENT = 2000;
const HALF_OPEN = 3;

export interface PortAttack {
  readonly seed: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface PortAttackReport extends ConversationReport {
  readonly sent: number;
  /** Bytes that strangers got back. */
  readonly bytesHeard: number;
}

export async function attackPort(
  conversation: Conversation,
  { seed, perSecond, seconds }: PortAttack,
): Promise<PortAttackReport> {
  const { onPath, ada, ben } = conversation;
  const prng = createPrng(seed);
  const barrage = await Barrage.open({ port: onPath.port, addresses: loopbackAddresses(STRANGERS) });
  const halfOpen = await joinHalfOpen(conversation, prng);
  const people = [ada.address, ben.address];
  const addresses = [...people, ...halfOpen.map(({ address }) => address)];
  const handshakes = onPath.seen.filter(({ datagram }) => datagram[0] === 22).map(({ datagram }) => datagram);
  const username = `${randomName(prng)}:${randomName(prng)}`;
  let recent: readonly Buffer[] = [];
  let made = 0;

  const next = (): Uint8Array | null => {
    if (made++ % RECENT === 0) recent = onPath.seen.slice(-RECENT).map(({ datagram }) => datagram);
    const datagram = prng() < 0.05 ? handshakeNoise(prng, handshakes) : makeOne(prng, recent, username);
    if (prng() < 0.4) {
      onPath.sendAs(pick(prng, addresses), datagram);
      return null;
    }
    return datagram;
  };
  let sent = 0;
  try {
    const report = await conversation.measure(async () => {
      sent = await barrage.run({ perSecond, seconds, next });
    });
    return { ...report, sent, bytesHeard: barrage.bytesHeard };
  } finally {
    barrage.close();
    for (const { signaling } of halfOpen) signaling.close();
  }
}

/**
 * Some arrive during a handshake, from addresses that passed ICE. There are fewer where the server has no time for
 * more.
 */
async function joinHalfOpen({ onPath, server, certificate }: Conversation, prng: Prng) {
  const joins = await Promise.allSettled(
    Array.from({ length: HALF_OPEN }, async (_, index) => {
      const name = `Half open ${index}`;
      const negotiated = await negotiate({ url: server.webSocketUrl, room: ROOM, name, certificate });
      const { answer, iceUfrag, signaling } = negotiated;
      const address = `127.0.0.${100 + index}:${20_000 + index}`;
      onPath.sendAs(address, nomination(prng, { username: `${answer.iceUfrag}:${iceUfrag}`, key: answer.icePwd }));
      return { address, signaling };
    }),
  );
  return joins.flatMap((join) => (join.status === 'fulfilled' ? [join.value] : []));
}

function makeOne(prng: Prng, recent: readonly Buffer[], username: string): Uint8Array {
  const genuine = pick(prng, recent);
  switch (integerBetween(prng, 0, 5)) {
    case 0:
      return genuine;
    case 1:
      return genuine.subarray(0, integerBetween(prng, 0, genuine.length));
    case 2: {
      const changed = Buffer.from(genuine);
      for (let i = integerBetween(prng, 1, 4); i > 0; i--) {
        changed[integerBetween(prng, 0, changed.length - 1)] = integerBetween(prng, 0, 255);
      }
      return changed;
    }
    case 3:
      return Buffer.concat([genuine, bytes(prng, integerBetween(prng, 1, 200))]);
    default:
      return junk(prng, username);
  }
}

/** Genuine handshake messages with changes, and fragments that never complete a message. */
function handshakeNoise(prng: Prng, handshakes: readonly Buffer[]): Buffer {
  if (handshakes.length === 0 || prng() < 0.4) {
    const length = pick(prng, [0, 60, 16_384, 0xffffff]);
    return handshakeRecord(pick(prng, [1, 11, 16, 15, 20]), integerBetween(prng, 0, 6), length, 0, bytes(prng, 40));
  }
  const changed = Buffer.from(pick(prng, handshakes));
  changed[integerBetween(prng, 0, changed.length - 1)]! ^= 1 << integerBetween(prng, 0, 7);
  return changed;
}

function randomName(prng: Prng): string {
  return bytes(prng, 9).toString('base64');
}
