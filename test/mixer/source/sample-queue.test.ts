import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES, MAX_PACKET_SAMPLES } from '../../../src/mixer/format.ts';
import { SampleQueue } from '../../../src/mixer/source/sample-queue.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 4110);
const MS = 48;

type Step =
  | { readonly kind: 'append' | 'appendBlank'; readonly ms: number; readonly value: number }
  | { readonly kind: 'advance' | 'padFrame' | 'clear' };
const durations = fc.constantFrom(2.5, 5, 10, 20, 40, 60, 120);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('append' as const), ms: durations, value: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constantFrom('appendBlank' as const), ms: durations, value: fc.constant(0) }),
    fc.record({ kind: fc.constantFrom('advance' as const, 'advance' as const, 'padFrame' as const, 'clear' as const) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);

/** What is in the queue, slowly. */
class Reference {
  samples: number[] = [];
  isBlank = true;

  take(step: Step): void {
    if (step.kind === 'append') {
      this.samples.push(...new Array<number>(step.ms * MS).fill(step.value));
      this.isBlank = false;
    } else if (step.kind === 'appendBlank') this.samples.push(...new Array<number>(step.ms * MS).fill(0));
    else if (step.kind === 'advance') {
      this.samples.splice(0, FRAME_SAMPLES);
      if (this.samples.length === 0) this.isBlank = true;
    } else if (step.kind === 'clear') {
      this.samples = [];
      this.isBlank = true;
    }
  }
}

function apply(queue: SampleQueue, step: Step): Float32Array | undefined {
  if (step.kind === 'append') return queue.append(new Int16Array(step.ms * MS).fill(step.value));
  if (step.kind === 'appendBlank') queue.appendBlank(step.ms * MS);
  else queue[step.kind]();
  return undefined;
}

test('samples leave in the order in which they came, a frame at a time, with silence for blank ones', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(steps, (all) => {
      const [queue, reference] = [new SampleQueue(), new Reference()];
      for (const step of all) {
        // A source never has more than this waiting.
        if ('ms' in step && queue.available + step.ms * MS > FRAME_SAMPLES + MAX_PACKET_SAMPLES) continue;
        const written = apply(queue, step);
        reference.take(step);
        if (queue.available !== reference.samples.length || queue.isBlank !== reference.isBlank) return false;
        if (written !== undefined) {
          const added = (step as { readonly value: number }).value;
          if (written.length !== (step as { readonly ms: number }).ms * MS) return false;
          if (!written.every((sample) => sample === added)) return false;
        }
        if (queue.isBlank) continue;
        if (!reference.samples.every((sample, i) => queue.samples[i] === sample)) return false;
        const short = Math.min(FRAME_SAMPLES, reference.samples.length);
        for (let i = 0; i < short; i++) if (queue.head[i] !== reference.samples[i]) return false;
        if (step.kind !== 'padFrame') continue;
        for (let i = short; i < FRAME_SAMPLES; i++) if (queue.head[i] !== 0) return false;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(150) },
  );
  t.end();
});

test('what is changed where it was written is changed in the queue, wherever it is', (t) => {
  const queue = new SampleQueue();
  for (const ms of [20, 20, 10, 10, 60, 20]) {
    const at = queue.available;
    queue.append(new Int16Array(ms * MS).fill(3)).fill(7);
    t.ok(queue.samples.subarray(at, queue.available).every((sample) => sample === 7));
    while (queue.available > 10 * MS) queue.advance();
  }
  t.end();
});

test('packets of the usual length and place are always written through the same view', (t) => {
  const queue = new SampleQueue();
  const packet = new Int16Array(FRAME_SAMPLES).fill(1);
  const first = queue.append(packet);
  queue.advance();
  t.equal(queue.append(packet), first);
  t.not(queue.append(packet), first, 'behind it is another place');
  t.end();
});

test('a packet of any length fits behind nearly a frame, and after a frame was stretched', (t) => {
  const queue = new SampleQueue();
  queue.append(new Int16Array(FRAME_SAMPLES - 1).fill(1));
  queue.append(new Int16Array(MAX_PACKET_SAMPLES).fill(2));
  queue.samples.copyWithin(FRAME_SAMPLES, 0, queue.available);
  queue.setAvailable(queue.available + FRAME_SAMPLES);
  t.equal(queue.available, queue.samples.length - 1);
  t.equal(queue.samples[queue.available - 1], 2);
  t.end();
});
