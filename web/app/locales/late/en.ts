/** The texts of panels, which are loaded with the first of them. */
import type { TransferStatus } from '../../files/transfers.ts';
import type { ShortcutAction } from '../../shortcuts.ts';
import type { MediaPath } from '../../stats/connection-stats.ts';
import type { Finding } from '../../stats/diagnosis.ts';

/** Every text of the page in English. The other languages have the same. */
export const table = {
  check: {
    title: 'Your sound',
    microphone: 'Test the microphone',
    asking: 'Please answer your browser’s question',
    speak: 'Say something: the bar should move. Nobody hears you yet.',
    hearMyself: 'Hear yourself',
    recording: 'Say something…',
    sound: 'Play a test sound',
    playing: 'Playing…',
  },

  everyone: {
    more: (people: number) => (people === 1 ? '1 more person is here' : `${people} more people are here`),
    show: 'Show everyone',
    heading: 'Here, but not in the list above',
    failed: 'They could not be loaded. Please try again.',
  },

  signIn: (provider: string) => `Sign in with ${provider}`,

  overHttps: 'over HTTPS, with a little more delay',

  shortcuts: {
    title: 'Keyboard shortcuts',
    isOn: 'Single keys',
    actions: { mute: 'Mute', deafen: 'Deafen' } satisfies Record<ShortcutAction, string>,
    press: 'Press a key',
    none: 'None',
    hint: 'They work while this page has the focus and you are not typing.',
  },

  files: {
    title: 'Files',
    send: 'Send a file…',
    hint: 'It goes from your browser to theirs. Both then know the other’s network address.',
    tooLarge: 'The file is too large. It may have 512 MB at most.',
    notLoaded: 'The file could not be sent. Please try again.',
    from: (name: string) => `from ${name}`,
    to: (name: string) => `to ${name}`,
    offered: 'Do you want it? They will know your network address.',
    accept: 'Accept',
    refuse: 'Refuse',
    cancel: 'Cancel',
    save: 'Save',
    remove: 'Close',
    progress: (file: string) => `How much of ${file} has arrived`,
    status: {
      asking: 'waiting for an answer',
      connecting: 'connecting…',
      running: 'on its way',
      done: 'complete',
      refused: 'refused',
      cancelled: 'cancelled',
      failed: 'failed',
    } satisfies Record<TransferStatus, string>,
  },

  share: {
    title: 'Shared sounds',
    hint: 'The others hear it beside your voice, in stereo, and each sets its volume. You do not hear it from them.',
    tab: 'The sound of a tab…',
    file: 'An audio file…',
    musicOf: (name: string) => `${name}’s music`,
    yours: 'shared by you',
    playing: 'playing',
    silent: 'silent',
    removed: 'A moderator has stopped the sound that you shared.',
    failures: {
      no_sound: 'There was no sound in it. Choose a tab, and tick the box for its sound.',
      echo: 'This would contain the voices of this room, which would hear themselves. Share a tab instead.',
      unplayable: 'Your browser cannot play this file.',
      unsupported: 'Your browser cannot share sound here.',
    },
  },

  chat: {
    close: 'Close',
    write: 'Write a message',
    editing: 'Change your message',
    send: 'Send',
    save: 'Save',
    edit: 'Edit',
    edited: 'edited',
    delete: 'Delete',
    attach: 'Attach',
    attachHint: (size: string, minutes: number) =>
      `Files up to ${size}. They are kept for ${minutes} min at most, in memory only.`,
    fileGone: (name: string) => `${name} is no longer kept.`,
    picture: (name: string) => `Picture ${name}`,
    privately: 'privately',
    to: 'To',
    everyone: 'To everyone',
    only: (name: string) => `Only to ${name}`,
    mention: 'People to mention',
    slowMode: 'Slow mode',
    slowModeOff: 'Off',
    seconds: (seconds: number) => (seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
    slow: (seconds: number) => `Slow mode: one message every ${seconds} s.`,
    mayNot: 'You can read here, but not write.',
    kept: (lines: number, hours: number) =>
      lines === 0
        ? 'Messages are not kept. Who joins later does not see them.'
        : `The last ${lines} messages are kept for ${hours} h at most, and until everyone has left.`,
  },

  stats: {
    open: 'Show statistics',
    notLoaded: 'The statistics could not be loaded. Please try again.',
    title: 'Your connection',
    copy: 'Copy for a bug report',
    copied: 'Copied',
    copyYourself: 'Your browser does not let this page copy. Copy the text yourself:',
    graphs: {
      rttMs: 'Round trip',
      lossDownPercent: 'Packet loss to you',
      lossUpPercent: 'Packet loss to the server',
      concealedPercent: 'Concealed by the browser',
    },
    graph: (name: string, now: string) => `${name} in the last ten minutes; now ${now}`,
    rows: {
      path: 'Way to the server',
      server: 'Address',
      codec: 'Codec',
      sent: 'Sent',
      received: 'Received',
      jitter: 'Jitter',
      buffer: 'Buffered in the browser',
      target: 'The browser wants to buffer',
      late: 'Packets that came too late',
      gaps: 'Gaps concealed',
      encryption: 'Encryption',
    },
    path: ({ kind, transport }: MediaPath) =>
      kind === 'relay' ? `By a relay, ${transport.toUpperCase()}` : `Direct, ${transport.toUpperCase()}`,
    kilobits: (value: number | null) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        'Packets from you get lost on the way to the server, so others hear you with gaps. On Wi-Fi, move closer to the access point or use a cable.',
      loss_down:
        'Packets to you get lost, so you hear others with gaps. On Wi-Fi, move closer to the access point or use a cable.',
      busy_computer:
        'All packets arrive, but your browser plays gaps: this computer is busy. Close other programs and tabs.',
      full_line: 'The delay jumps up and down: something else is using your line, such as a download or a backup.',
      far_away: 'The server is far away, or the line is slow, so everyone hears everyone late.',
      no_udp: 'Your network blocks UDP, so sound takes a slower way. Lost packets delay it more.',
    } satisfies Record<Finding, string>,
  },

  settings: {
    title: 'Settings',
    input: 'Microphone',
    output: 'Speaker',
    defaultDevice: 'System default',
    unnamed: (index: number) => `Device ${index + 1}`,
    chooseOutput: 'Choose a speaker…',
    processing: 'Audio processing',
    processingHint: 'Good for speech. For music, turn everything off and wear headphones.',
    echoCancellation: 'Echo cancellation',
    suppression: 'Noise suppression',
    suppressions: { off: 'Off', browser: 'The browser’s', strong: 'Strong' },
    suppressionHints: {
      off: 'Everything is sent.',
      browser: 'Removes steady noise.',
      strong: 'Also removes keyboards and clatter. It takes more of your computer, and delays you by 30 ms.',
    },
    inputGain: 'Microphone volume',
    outputVolume: 'Speaker volume',
    decibels: (value: number) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: 'Your browser cannot process your voice here, so it is sent as it is.',
    autoGainControl: 'Automatic gain control',
    details: 'Connection',
    noDetails: 'No figures yet.',
    figures: {
      rtt: 'Round trip',
      buffer: 'Buffered in the browser',
      jitter: 'Jitter',
      lossDown: 'Packet loss to you',
      lossUp: 'Packet loss to the server',
      concealed: 'Concealed by the browser',
    },
    milliseconds: (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value: number | null) => (value === null ? '–' : `${value.toFixed(1)} %`),
  },

  mumble: {
    awayReasons: {
      unreachable:
        'The Mumble server cannot be reached. People there and people here do not hear each other until it is back.',
      full: 'The Mumble server is full. People there and people here do not hear each other until there is a place.',
      banned:
        'The Mumble server does not let this server in for some minutes. Until then, people there and people here do not hear each other.',
      refused: 'The Mumble server does not let this server in. Whoever runs this server can help.',
    },
    shared: (name: string) =>
      `People on Mumble hear you through “${name}”, together with others, because there you have no user of your own.`,
    silenced: 'People on Mumble do not hear you: you may not speak there.',
    withheld: 'Somebody in the Mumble channel may not be in this room. Until they leave it, nothing is sent there.',
  },
};

/** Every text of `lateTexts` in one language. */
export type LateTable = typeof table;
