/** Everything that `npm run bench -- all` measures, and what the report says about it. */
export interface Step {
  /** Name of the file with its figures: `bench/results/NAME.json`. */
  readonly name: string;
  /** The arguments after `npm run bench --`, without `--json`. */
  readonly args: readonly string[];
  /** Approximate duration. */
  readonly minutes: number;
  /** Title of the section in the report. */
  readonly title: string;
  readonly about: string;
  /** Measured only if it is named: it takes too long for every run. */
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
      'Three participants talk; the others are connected and silent. The two servers take turns, with the same speech. A window starts a minute after the last join: until then V8 is still compiling, and cleaning up after the joins.',
  },
  {
    name: 'latency',
    args: ['latency', ...AGAINST_JANUS],
    minutes: 4,
    title: 'Delay added by the server',
    about:
      "How much later a participant can play a sound than if it received the sender's packets directly: waiting for the tick, jitter buffer, mixing and the look-ahead of the server's encoder.",
  },
  {
    name: 'latency-jitter',
    args: ['latency', ...AGAINST_JANUS, '--jitter', '15'],
    minutes: 4,
    title: 'Delay added by the server, with jitter',
    about: 'The same, with each packet held back by a random 0 to 15 ms.',
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
    about: "With the server's default limit on talkers.",
  },
  {
    name: 'large',
    args: ['scaling', '--participants', '300,500,700,1000', '--talkers', '5', '--rate', '25'],
    minutes: 8,
    title: 'Large rooms',
    about:
      'Five participants talk. In the largest rooms, server and client together need more than one core, on a machine with two.',
  },
  {
    name: 'five-minutes',
    args: ['scaling', '--participants', '500', '--talkers', '5', '--rate', '25', '--seconds', '300'],
    minutes: 7,
    title: 'Five hundred for five minutes',
    about:
      'One window of five minutes. The largest gap is that of the unluckiest of 500 participants in all that time.',
  },
  {
    name: 'rooms',
    args: ['scaling', '--rooms', '50', '--participants', '10', '--talkers', '1', '--rate', '25'],
    minutes: 3,
    title: 'Fifty rooms of ten',
    about: 'One participant talks in each room.',
  },
  {
    name: 'silence',
    args: ['scaling', '--participants', '200', '--talkers', '0', '--rate', '25'],
    minutes: 2,
    title: 'Two hundred who say nothing',
    about: 'They get a packet every 400 ms. The table leaves these pauses out, so it still counts 50 packets a second.',
  },
  {
    name: 'workers',
    args: ['scaling', '--workers', '1,2', '--rooms', '4', '--participants', '80', '--talkers', '3', '--rate', '25'],
    minutes: 5,
    title: 'One and two media workers',
    about:
      'Four rooms of eighty. The busiest thread is a media worker, and a worker can use no more than one core. With two workers each does about half of the work, so together they carry nearly twice as much.',
  },
  {
    name: 'storm',
    args: ['storm'],
    minutes: 1,
    title: 'A hundred joins in ten seconds',
    about:
      'What twenty people in a conversation notice, three of them talking, and how long the newcomers wait for sound.',
  },
  {
    name: 'flood',
    args: ['flood', '--participants', '20', '--talkers', '3'],
    minutes: 1,
    title: 'Junk',
    about: 'What twenty people in a conversation notice of 20,000 junk datagrams a second.',
  },
  {
    name: 'quality',
    args: ['quality', ...AGAINST_JANUS],
    minutes: 4,
    title: 'What a listener hears',
    about:
      'Speech through the whole server, with real Opus in both directions, compared with the original voices. `none` is without a server. People with Chromium get the quality with RED.',
  },
  {
    name: 'jitter',
    args: ['jitter'],
    minutes: 1,
    title: 'The jitter buffer on bad networks',
    about:
      'Simulated from seeds: the mean wait of a packet against the frames that had to be concealed, compared with the published rule of NetEq and with fixed delays.',
  },
  {
    name: 'mixer',
    args: ['mixer'],
    minutes: 1,
    title: 'The parts of the media path',
    about: 'Microseconds of one core. The second table has the loops over samples, as SIMD and as TypeScript.',
  },
  {
    name: 'space',
    args: ['space'],
    minutes: 2,
    title: 'Listeners in space',
    about:
      'All hear up to 8 voices from where they stand, each in a stereo mix of their own. Ticks of one mixer with real Opus, without sending.',
  },
  {
    name: 'space-room',
    args: ['space-room'],
    minutes: 3,
    title: 'A room with space',
    about:
      'All stand within 6 m, move at 10 Hz, and hear up to 8 voices from where they are, each in a stereo mix of their own. One media worker; the participants run on the same machine.',
  },
  {
    name: 'control',
    args: ['control'],
    minutes: 2,
    title: 'Positions of a game server',
    about:
      'One game server moves 300 players twenty times a second on its control connection, in binary and as JSON. Pings cost what any message costs at that rate. Nobody else is connected. CPU time is that of the whole server, with sockets.',
  },
  {
    name: 'data',
    args: ['data'],
    minutes: 1,
    title: 'Messages of programs: WebSocket or data channel',
    about:
      'A process echoes messages of 100 bytes, 200 a second, on a WebSocket (ws) and on a data channel (werift, unordered and without retransmission), and then 4 MB at once on reliable ones. The client is libdatachannel. CPU time is that of the process that echoes.',
  },
  {
    name: 'recording',
    args: ['recording'],
    minutes: 1,
    title: 'Recording a room',
    about:
      'Everybody talks without a pause, and the mix and a file for each participant are recorded. Time passes as fast as the machine allows.',
  },
  {
    name: 'listeners',
    args: ['listeners'],
    minutes: 2,
    title: 'Listeners over HTTP',
    about: 'Ten people are in the room, and two of them talk. In the end some more listeners read nothing.',
  },
  {
    name: 'mumble',
    args: ['mumble', '--seconds', '10'],
    minutes: 2,
    title: 'Mumble clients',
    about:
      'The encryption of Mumble’s UDP packets, then one Mumble client that talks and others that listen. The delay is from the socket of the talker to those of the listeners, which decrypt one after the other.',
  },
  {
    name: 'mumble-listeners',
    args: ['mumble-listeners', '--warm-up', '40', '--seconds', '8'],
    minutes: 5,
    title: 'A hundred Mumble clients that listen to one',
    about:
      'All are connected the whole time. Windows in which they hear the talker take turns with windows in which they want to hear nothing, and with silence.',
  },
  {
    name: 'mumble-delay',
    args: ['mumble-delay'],
    minutes: 2,
    title: 'Delay between Mumble and WebRTC',
    about:
      'From the socket of one client to that of the other, for the first sound of a talkspurt. What the clients add is not in it.',
  },
  {
    name: 'roster',
    args: ['roster'],
    minutes: 3,
    title: 'Thousands of people in one room, apart from sound',
    about:
      'All join one room by WebSocket, twenty at a time and as fast as they can, and have no media. Beyond 200 people a room lists only some of them. Then twenty of them a second raise or lower a hand.',
  },
  {
    name: 'cluster',
    args: ['cluster'],
    minutes: 2,
    title: 'Three servers, of which one dies and one ends',
    about:
      'Three servers and redis-server on this machine, and people without media, who ask any server, go where their room is, and try again after 100 ms. They join, twenty at a time; then the server with most people is killed (`kill -9`), and later another one is told to end (SIGTERM), with new servers in each round. Times are the median, 95 % and the worst of all rounds.',
  },
  {
    name: 'soak',
    args: ['soak', '--minutes', '28'],
    minutes: 29,
    title: 'Whether anything grows',
    about: 'Random joins, leaves, talking and mutes. The figures are those of the empty server between two rounds.',
    onlyByName: true,
  },
];

export function commandOf({ args }: Step): string {
  return ['npm run bench --', ...args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg))].join(' ');
}
