import fc from 'fast-check';
import { test } from 'tap';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import type { MixLink } from '../../../src/mixer/mix/mix-link.ts';
import { VoicesElsewhere } from '../../../src/mixer/mix/voices-elsewhere.ts';
import { cases } from '../../helpers/cases.ts';
import { contributorIn } from '../../helpers/random-contributor.ts';

const SEED = Number(process.env['SEED'] ?? 3311);
const SHOUTS = 5;

const voices = fc.array(contributorIn(fc.constantFrom(0, SHOUTS)), { maxLength: 3 });
/** A room without other parts, or without linked rooms, has no such voices. */
const scene = fc.record({ own: voices, others: fc.option(voices), heard: fc.option(voices) });

test('each tick has its own voices, and those of other parts and other rooms from one tick ago', async (t) => {
  t.comment(`SEED=${SEED}`);
  const isSame = (a: readonly Contributor[], b: readonly Contributor[]) =>
    a.length === b.length && a.every((voice, i) => voice === b[i]);
  fc.assert(
    fc.property(fc.array(scene, { maxLength: 6 }), fc.nat(1e9), (scenes, start) => {
      const elsewhere = new VoicesElsewhere();
      return scenes.every(({ own, others, heard }, n) => {
        const tick = start + n;
        const calls: string[] = [];
        let published: readonly Contributor[] | undefined;
        elsewhere.shouts =
          heard === null
            ? undefined
            : {
                channel: SHOUTS,
                publish: (at, shouts) => {
                  calls.push(`publish ${at}`);
                  published = shouts;
                },
                heard: (at) => {
                  calls.push(`heard ${at}`);
                  return heard;
                },
              };
        const link = {
          targeted: (at: number) => {
            calls.push(`targeted ${at}`);
            return others;
          },
        } as unknown as MixLink;
        const all = elsewhere.join(tick, own, others === null ? undefined : link);
        const isAlone = (others ?? []).length + (heard ?? []).length === 0;
        const shouts = own.filter(({ address, addressBefore }) =>
          [address, addressBefore].some(({ channels }) => channels.has(SHOUTS)),
        );
        const expectedCalls = [
          ...(others === null ? [] : [`targeted ${tick - 1}`]),
          ...(heard === null ? [] : [`publish ${tick}`, `heard ${tick - 1}`]),
        ];
        return (
          isSame(all, [...own, ...(others ?? []), ...(heard ?? [])]) &&
          (all === own) === isAlone &&
          calls.sort().join() === expectedCalls.sort().join() &&
          (heard === null || isSame(published!, shouts))
        );
      });
    }),
    { seed: SEED, numRuns: cases(200) },
  );
});
