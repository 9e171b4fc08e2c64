/** All that `npm run bench -- all` measures, and what the report says about it. */
export interface Step {
  /** Of the file with its figures: `bench/results/NAME.json`. */
  readonly name: string;
  /** What stands after `npm run bench --`, without `--json`. */
  readonly args: readonly string[];
  /** About how long it takes. */
  readonly minutes: number;
  /** Of the section in the report. */
  readonly title: string;
  readonly about: string;
  /** Measured only when it is named: too long for every time. */
  readonly onlyByName?: true;
}

const AGAINST_JANUS = ['--against', 'janus'];

export const STEPS: readonly Step[] = [
  {
    name: 'scaling',
    args: ['scaling', ...AGAINST_JANUS, '--participants', '20,60,100', '--repeats', '2'],
    minutes: 17,
    title: 'CPU for each participant of one room',
    about:
      'Three talk, the others are connected and silent. Both servers in turns, with the same speech. A window begins a minute after the last join: until then V8 compiles, and clears up after the joins.',
  },
  {
    name: 'latency',
    args: ['latency', ...AGAINST_JANUS],
    minutes: 4,
    title: 'Delay added by the server',
    about:
      "How much later a participant can play a sound than if the sender's packets came to it directly: waiting for the tick, jitter buffer, mixing and the look-ahead of the server's encoder.",
  },
  {
    name: 'latency-jitter',
    args: ['latency', ...AGAINST_JANUS, '--jitter', '15'],
    minutes: 4,
    title: 'Delay added by the server, with jitter',
    about: 'The same when each packet is held back by 0 to 15 ms at random.',
  },
  {
    name: 'all-talking',
    args: ['scaling', ...AGAINST_JANUS, '--participants', '40', '--talkers', '40', '--server-flags=--max-talkers 0'],
    minutes: 4,
    title: 'Forty of forty talk, and all are heard',
    about: 'Without the limit on talkers, so that nothing can be shared: forty decoders and forty encoders.',
  },
  {
    name: 'all-talking-limited',
    args: ['scaling', '--participants', '40', '--talkers', '40'],
    minutes: 2,
    title: 'Forty of forty talk, the loudest eight are heard',
    about: 'As the server comes.',
  },
  {
    name: 'large',
    args: ['scaling', '--participants', '300,500,700,1000', '--talkers', '5', '--rate', '25'],
    minutes: 8,
    title: 'Large rooms',
    about: 'Five talk. The largest rooms need more than one core for server and client together, on a machine of two.',
  },
  {
    name: 'five-minutes',
    args: ['scaling', '--participants', '500', '--talkers', '5', '--rate', '25', '--seconds', '300'],
    minutes: 7,
    title: 'Five hundred for five minutes',
    about: 'One window of five minutes: the largest gap is that of the unluckiest of 500 in all of that time.',
  },
  {
    name: 'rooms',
    args: ['scaling', '--rooms', '50', '--participants', '10', '--talkers', '1', '--rate', '25'],
    minutes: 3,
    title: 'Fifty rooms of ten',
    about: 'One talks in each.',
  },
  {
    name: 'silence',
    args: ['scaling', '--participants', '200', '--talkers', '0', '--rate', '25'],
    minutes: 2,
    title: 'Two hundred who say nothing',
    about: 'They get a packet every 400 ms, which the table counts as 50 a second apart from the pauses.',
  },
  {
    name: 'workers',
    args: ['scaling', '--workers', '1,2', '--rooms', '4', '--participants', '80', '--talkers', '3', '--rate', '25'],
    minutes: 5,
    title: 'One and two media workers',
    about:
      'Four rooms of eighty. The busiest thread is a media worker, and a worker can take no more than a core: with two of them each has about half to do, so two carry nearly twice as much.',
  },
  {
    name: 'storm',
    args: ['storm'],
    minutes: 1,
    title: 'A hundred joins in ten seconds',
    about:
      'What twenty people in conversation notice, three of them talking, and how long the newcomers wait for sound.',
  },
  {
    name: 'flood',
    args: ['flood', '--participants', '20', '--talkers', '3'],
    minutes: 1,
    title: 'Junk',
    about: 'What twenty people in conversation notice of 20,000 junk datagrams a second.',
  },
  {
    name: 'quality',
    args: ['quality', ...AGAINST_JANUS],
    minutes: 4,
    title: 'What a listener hears',
    about:
      'Speech through the whole server, real Opus on both ways, against the voices as they were. `none` is without a server. With RED is what people with Chromium have.',
  },
  {
    name: 'jitter',
    args: ['jitter'],
    minutes: 1,
    title: 'The jitter buffer on bad networks',
    about:
      'Simulated, from seeds: the mean wait of a packet against the frames that had to be concealed, beside the published rule of NetEq and fixed delays.',
  },
  {
    name: 'mixer',
    args: ['mixer'],
    minutes: 1,
    title: 'The parts of the media path',
    about: 'Microseconds of one core. The second table has the loops over samples, as SIMD and as TypeScript.',
  },
  {
    name: 'soak',
    args: ['soak', '--minutes', '28'],
    minutes: 29,
    title: 'Whether anything grows',
    about: 'Joins, leaves, talk and mutes at random; the figures are those of the empty server between two rounds.',
    onlyByName: true,
  },
];

export function commandOf({ args }: Step): string {
  return ['npm run bench --', ...args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg))].join(' ');
}
