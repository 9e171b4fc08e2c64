import { Conversation } from '../helpers/conversation.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';
import { startBuiltServer } from './built-server.ts';
import { attackPort } from './port-attack.ts';

const MAX_GAP_MS = 1000;
const MAX_LOST_SHARE = 0.05;
const MAX_CONCEALED_SHARE = 0.1;
const AUDIBLE_DBFS = -25;
/** Each is a separate measurement, so that one bad moment shows. */
const ROUND_SECONDS = 10;

export interface PortOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly perSecond: number;
}

/** Fuzzes the whole port of a server in its own process. Resolves with the failures, in sentences. */
export async function fuzzPort({ seed, seconds, perSecond }: PortOptions): Promise<readonly string[]> {
  const ends: (() => unknown)[] = [];
  const problems: string[] = [];
  const conversation = await Conversation.start(
    { teardown: (end) => ends.unshift(end) },
    startBuiltServer(BUILT_SERVER),
  );
  let received = 0;
  let sent = 0;
  try {
    for (let at = 0; at < seconds; at += ROUND_SECONDS) {
      const round = { seed: seed + at, perSecond, seconds: Math.min(ROUND_SECONDS, seconds - at) };
      const report = await attackPort(conversation, round);
      received += report.datagramsIn;
      sent += report.sent;
      const { parties, concealedShare, tickFailures, tickLatenessP99Ms, bytesHeard } = report;
      const lines = parties.map(({ name, packets, lost, largestGapMs, levelDbfs }) => {
        const words = `${name} hears ${levelDbfs.toFixed(1)} dBFS, ${lost} of ${packets} packets lost, gap ${largestGapMs.toFixed(0)} ms`;
        const bad = largestGapMs > MAX_GAP_MS || lost > packets * MAX_LOST_SHARE || levelDbfs < AUDIBLE_DBFS;
        if (bad) problems.push(`seed ${round.seed}: ${words}`);
        return words;
      });
      if (concealedShare > MAX_CONCEALED_SHARE) problems.push(`${(100 * concealedShare).toFixed(1)} % concealed`);
      if (tickFailures > 0) problems.push(`${tickFailures} ticks failed`);
      if (bytesHeard > 0) problems.push(`strangers got ${bytesHeard} bytes`);
      const share = `${(100 * concealedShare).toFixed(2)} % concealed, ticks late by ${tickLatenessP99Ms.toFixed(1)} ms (p99)`;
      console.log(
        `${sent.toLocaleString('en')} sent, ${received.toLocaleString('en')} received: ${[...lines, share].join('; ')}`,
      );
    }
  } finally {
    for (const end of ends) await end();
  }
  return problems;
}
