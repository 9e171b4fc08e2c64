/**
 * Connects another stack to the server: each connection is in a room with somebody who sends one tone and listens for
 * another.
 */
import type { Test } from 'tap';
import { SignalingClient } from '../../bench/client/signaling.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { PRIVATE_ADDRESS } from '../helpers/private-address.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { readSections, type Shape } from './shapes.ts';
import type { Change, Stack } from './stack.ts';

/** Far apart, and far from each other's harmonics. */
const CLIENT_HZ = 430;
const TALKER_HZ = 710;
const FLAGS = [
  ...['--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--workers', '1'],
  // Participants who leave are forgotten at once, and make room for the next.
  ...['--resume-timeout-ms', '0'],
  ...['--max-connections-per-address', '0', '--max-joins-per-minute', '0', '--max-requests-per-minute', '0'],
];
/** The tones are sent at -12 dBFS. */
const HEARD_DBFS = -28;
const NOT_HEARD_DBFS = -50;
/** Long enough to tell a tone from its absence. */
const LISTEN_MS = 500;
/** What was on its way when the direction changed has arrived. */
const SETTLE_MS = 200;
/** Packets that may arrive although no more are sent. */
const MAX_UNDERWAY = 5;
/** Half of the shapes: two cores cannot handle more at a time. */
const AT_ONCE = 7;

export interface MeetingOptions {
  /** In the words of the stack; null for a stack that has no choice. */
  readonly bundlePolicies: readonly (string | null)[];
  /** Other policies may need other shapes. */
  readonly shapes: (bundlePolicy: string | null) => readonly Shape[];
  /** Number of connections at a time. */
  readonly atOnce?: number;
  /** Further offers on one connection, one after the other; none by default. */
  readonly changes?: readonly Change[];
  /** How often a connection may be attempted; once by default. */
  readonly attempts?: number;
}

/** A room in which somebody waits for the next client. */
interface Room {
  readonly name: string;
  readonly talker: LightTalker;
}

/** Makes all these connections, and checks for each of them who hears whom. */
export async function meet(t: Test, stack: Stack, options: MeetingOptions): Promise<void> {
  const server = await startServerProcess(BUILT_SERVER, FLAGS);
  t.teardown(async () => {
    if ((await server.stop()) !== 0 || !t.passing()) console.error(server.output());
  });
  const webSocketUrl = `${server.url.replace('http', 'ws')}ws`;
  const rooms: Room[] = [];
  const { atOnce = AT_ONCE, attempts = 1 } = options;
  for (let index = 0; index < atOnce; index++) {
    const room = `room-${index}`;
    const talker = await LightTalker.join({ url: webSocketUrl, room, name: 'talker', frequencyHz: TALKER_HZ });
    t.teardown(() => talker.close());
    rooms.push({ name: room, talker });
  }
  for (const bundlePolicy of options.bundlePolicies) {
    const waiting = [...options.shapes(bundlePolicy)];
    const serve = async (room: Room) => {
      for (let shape = waiting.shift(); shape !== undefined; shape = waiting.shift()) {
        const visit = { stack, webSocketUrl, room, shape, bundlePolicy };
        let problem = await findProblem(visit);
        for (let left = attempts - 1; left > 0 && problem !== null; left--) problem = await findProblem(visit);
        t.equal(problem, null, nameOf(visit));
      }
    };
    await Promise.all(rooms.map(serve));
  }
  const visit = { stack, webSocketUrl, room: rooms[0]!, bundlePolicy: options.bundlePolicies.at(-1)! };
  t.same(await change(visit, options.changes ?? []), [], 'further offers');
}

/** Makes a connection, and further offers on it. Returns what is wrong. */
async function change(visit: Omit<Visit, 'shape'>, changes: readonly Change[]): Promise<string[]> {
  const { stack, webSocketUrl, room, bundlePolicy } = visit;
  const problems: string[] = [];
  const signaling = await SignalingClient.open(webSocketUrl);
  const name = 'changing';
  try {
    await signaling.join(room.name, 'client');
    const sections = readSections('audio');
    const offer = await stack.offer(name, { sections, bundlePolicy, frequencyHz: CLIENT_HZ });
    await stack.accept(name, await signaling.negotiate(offer));
    await checkHearing(stack, name, room.talker, { isHeard: true, hears: true });
    for (const one of changes) {
      const again = await stack.offerAgain(name, one);
      await stack.accept(name, await signaling.negotiate(again, true));
      const expected = { isHeard: one.direction.startsWith('send'), hears: one.direction.includes('recv') };
      const before = await stack.listen(name, SETTLE_MS);
      await checkHearing(stack, name, room.talker, expected, before.packets).catch((error: Error) => {
        problems.push(`${JSON.stringify(one)}: ${error.message}`);
      });
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    await stack.hangUp(name);
    signaling.close();
  }
  return problems;
}

interface Visit {
  readonly stack: Stack;
  readonly webSocketUrl: string;
  readonly room: Room;
  readonly shape: Shape;
  readonly bundlePolicy: string | null;
}

function nameOf({ shape, bundlePolicy }: Visit): string {
  return bundlePolicy === null ? shape.sections : `${bundlePolicy}: ${shape.sections}`;
}

/** Returns null if everything is fine. */
async function findProblem(visit: Visit): Promise<string | null> {
  const { stack, webSocketUrl, room, shape, bundlePolicy } = visit;
  const name = nameOf(visit);
  const signaling = await SignalingClient.open(webSocketUrl);
  try {
    await signaling.join(room.name, 'client');
    const sections = readSections(shape.sections);
    const offer = await stack.offer(name, { sections, bundlePolicy, frequencyHz: CLIENT_HZ });
    const answer = await signaling.negotiate(offer).catch((error: Error) => error);
    if (shape.refusal !== undefined) return shape.refusal.test(String(answer)) ? null : `the answer is ${answer}`;
    if (answer instanceof Error) throw answer;
    await stack.accept(name, answer);
    await checkHearing(stack, name, room.talker, shape);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await stack.hangUp(name);
    signaling.close();
  }
}

/** Waits for what should be heard. What should not be heard must still be absent after that. */
async function checkHearing(
  stack: Stack,
  name: string,
  talker: LightTalker,
  shape: Pick<Shape, 'isHeard' | 'hears'>,
  packetsBefore = 0,
): Promise<void> {
  // Takes the loudest moments, because a stack may pause on a busy machine.
  const listen = async () => {
    const [client, heard] = await Promise.all([talker.hear(CLIENT_HZ, LISTEN_MS), stack.listen(name, LISTEN_MS)]);
    const { atMostDbfs: talkerDbfs } = heardTone(heard.sound, TALKER_HZ);
    return { clientDbfs: client.atMostDbfs, talkerDbfs, packets: heard.packets };
  };
  await eventually(async () => {
    const { clientDbfs, talkerDbfs, packets } = await listen();
    const isHeard = !shape.isHeard || clientDbfs > HEARD_DBFS;
    const hears = !shape.hears || talkerDbfs > HEARD_DBFS;
    if (isHeard && hears) return true;
    return `the client is at ${clientDbfs.toFixed()} dBFS, the talker at ${talkerDbfs.toFixed()} dBFS in ${packets} packets`;
  });
  if (shape.isHeard && shape.hears) return;
  const { clientDbfs, packets } = await listen();
  if (!shape.isHeard && clientDbfs > NOT_HEARD_DBFS)
    throw new Error(`the client is heard at ${clientDbfs.toFixed()} dBFS`);
  // Some may still have been on their way.
  const sent = packets - packetsBefore;
  if (!shape.hears && sent > (packetsBefore > 0 ? MAX_UNDERWAY : 0))
    throw new Error(`the client was sent ${sent} packets`);
}
