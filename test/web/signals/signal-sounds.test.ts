import { test } from 'tap';
import {
  SIGNAL_NOTES,
  type SignalSound,
  SignalSounds,
  type SoundContext,
} from '../../../web/app/signals/signal-sounds.ts';

/** Writes down what is played. */
function fakeContext() {
  const notes: { hz: number; startS: number; endS: number }[] = [];
  const ramps: [value: number, atS: number][] = [];
  const sinks: string[] = [];
  let resumes = 0;
  const context = {
    currentTime: 5,
    destination: {},
    createGain: () => ({
      gain: {
        setValueAtTime: (value: number, atS: number) => ramps.push([value, atS]),
        linearRampToValueAtTime: (value: number, atS: number) => ramps.push([value, atS]),
      },
      connect() {},
    }),
    createOscillator: () => {
      const note = { hz: 0, startS: 0, endS: 0 };
      notes.push(note);
      return {
        frequency: {
          set value(hz: number) {
            note.hz = hz;
          },
        },
        connect() {},
        start: (atS: number) => {
          note.startS = atS;
        },
        stop: (atS: number) => {
          note.endS = atS;
        },
      };
    },
    resume: async () => void resumes++,
    setSinkId: async (id: string) => void sinks.push(id),
  };
  return { context: context as unknown as SoundContext, notes, ramps, sinks, resumes: () => resumes };
}

test('each sound is a few short notes that begin and end in silence', async (t) => {
  for (const sound of Object.keys(SIGNAL_NOTES) as SignalSound[]) {
    const { context, notes, ramps } = fakeContext();
    t.equal(new SignalSounds(() => context).play(sound, '', 0), true);
    t.same(
      notes.map(({ hz }) => hz),
      SIGNAL_NOTES[sound].map(({ hz }) => hz),
      sound,
    );
    t.ok((notes.at(-1)?.endS ?? 9) - 5 <= 0.3);
    for (const { startS, endS } of notes)
      for (const atS of [startS, endS]) t.ok(ramps.some(([value, at]) => value === 0 && at === atS));
    t.ok(ramps.every(([value]) => value <= 0.1));
  }
});

test('what one does oneself is always confirmed', async (t) => {
  const sounds = new SignalSounds(() => fakeContext().context);
  t.same(
    (['leave', 'mute', 'unmute', 'join'] as const).map((sound, index) => sounds.play(sound, '', index * 10)),
    [true, true, true, false],
  );
});

test('sounds that come at once are one, the context is made with the first, and they follow the chosen output', async (t) => {
  const fake = fakeContext();
  let made = 0;
  const sounds = new SignalSounds(() => {
    made++;
    return fake.context;
  });
  t.equal(made, 0);
  t.same(
    [0, 100, 299, 300, 1000].map((atMs) => sounds.play('message', atMs < 1000 ? '' : 'headset', atMs)),
    [true, false, false, true, true],
  );
  t.same([made, fake.notes.length, fake.resumes(), fake.sinks], [1, 3, 3, ['headset']]);
});
