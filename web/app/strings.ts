import type { ConnectionState } from '../sdk/connection-state.ts';
import type { MicrophoneFailure } from '../sdk/microphone.ts';
import type { QualityGrade } from '../sdk/quality.ts';
import { VoiceError } from '../sdk/voice-error.ts';
import type { TalkMode } from './own-voice.ts';
import type { ShortcutAction } from './shortcuts.ts';
import type { MediaPath } from './stats/connection-stats.ts';
import type { Finding } from './stats/diagnosis.ts';

type ClosedState = Extract<ConnectionState, { status: 'closed' }>;

const NO_UNDERSTANDING = 'This page and the server do not understand each other. Reload the page.';

/** A message for every error that the page can show, by code: what happened, and what to do. */
export const problems = {
  unreachable: 'The server cannot be reached. Check your network and try again.',
  already_connected: 'You are in a room already. Leave it first.',
  media_failed: 'Your browser could not set up the audio. Trying again…',
  malformed_message: NO_UNDERSTANDING,
  unknown_type: NO_UNDERSTANDING,
  not_joined: NO_UNDERSTANDING,
  already_joined: NO_UNDERSTANDING,
  message_too_large: NO_UNDERSTANDING,
  too_many_messages: 'That was too much at once. Wait a moment.',
  too_many_offers: 'That was too much at once. Wait a moment.',
  join_timeout: 'Joining took too long. Try again.',
  invalid_name: 'The server does not accept this name. It must have 1 to 64 characters and no control characters.',
  invalid_room: 'The server does not accept this room name. Use letters, digits, spaces, “-”, “_” and “.”.',
  room_locked: 'This room is locked, so nobody new can join. Ask someone inside.',
  password_required: 'This room has a password.',
  wrong_password: 'Wrong password. Try again.',
  token_required: 'This server requires a personal link. Ask the person who invited you.',
  token_invalid: 'Your link is not valid for this room. Ask for a new one.',
  token_expired: 'Your link has expired. Ask for a new one.',
  token_unavailable: 'There is no link for you at the moment. Try again.',
  not_allowed: 'You are not allowed to do this here.',
  unknown_participant: 'This person has just left the room.',
  unknown_channel: 'This channel no longer exists.',
  channel_full: 'This channel is full.',
  not_linked: 'This room is no longer linked to others.',
  chat_off: 'There is no chat in this room.',
  invalid_text: 'The server does not accept this message. It may have 2000 characters at most.',
  too_many_lines: 'That was too much at once. Wait a moment.',
  slow_mode: 'Slow mode is on. Wait before you write again.',
  unknown_line: 'This message no longer exists.',
  too_many_data: 'That was too much at once. Wait a moment.',
  data_too_large: NO_UNDERSTANDING,
  not_delivered: 'This person cannot receive messages right now.',
  kicked: 'A moderator has removed you from the room.',
  room_full: 'This room is full. Try again later or choose another one.',
  too_many_rooms: 'The server has reached its maximum number of rooms. Join an existing one, or try again later.',
  too_many_rooms_of_address:
    'Your network has opened as many rooms as this server allows. Join an existing one, or try again later.',
  sdp_too_large:
    'Your browser and the server cannot agree on an audio format. Try a current version of Chromium, Firefox or Safari.',
  invalid_sdp:
    'Your browser and the server cannot agree on an audio format. Try a current version of Chromium, Firefox or Safari.',
  cannot_restart: 'The audio connection was lost and is being set up again.',
  media_unavailable: 'The server has no audio for you right now. Trying again…',
  server_busy: 'The server is too busy to let anyone else in. Try again in a moment.',
  forbidden_origin: 'This page is not allowed to use this server. Open the server’s own page.',
  unknown_host: 'The server does not recognize the name in your address bar. Ask for the correct link.',
  rate_limited: 'Too many attempts from your network. Wait a minute and try again.',
  too_many_connections: 'The server has reached its maximum number of visitors. Try again later.',
  replaced: 'You have joined from another window, so this one has left.',
  room_closed: 'This room has been closed.',
  server_draining: 'The server is about to restart and admits nobody new. Try again in a few minutes.',
  server_closing: 'The server is restarting. Try again in a moment.',
  internal: 'Something went wrong in the server. Try again.',
} as const satisfies Readonly<Record<string, string>>;

/** The message for this code, or the server's own if the server is newer than the page. */
function problem(code: string, message: string): string {
  const sentence = (problems as Readonly<Record<string, string>>)[code];
  return sentence ?? (message || `The server refused (${code}).`);
}

/** `40 seconds`, `10 minutes`, `2 hours`: rounded up, so that nobody comes back too early. */
function durationText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const [count, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 5400
        ? [Math.ceil(seconds / 60), 'minute']
        : [Math.ceil(seconds / 3600), 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** All texts of the page, in one place for review and translation. */
export const strings = {
  product: 'Partyline',
  tagline: 'Everyone in the room, one clear line.',
  roomTitle: (room: string) => `${room} · Partyline`,

  join: {
    heading: 'Join a room',
    name: 'Your name',
    namePlaceholder: 'Ada',
    nameMissing: 'Enter your name so that the others know who you are.',
    room: 'Room',
    roomHint: 'Any name. Everyone who enters the same one meets there.',
    roomInvalid: 'A room name must have 1 to 64 letters or digits of any script, spaces, “-”, “_” or “.”.',
    useInstead: (room: string) => `Use “${room}”`,
    mode: 'Join with',
    modes: { open: 'Microphone', muted: 'Muted', listen: 'Listen only' },
    modeHints: {
      open: 'Your browser asks for the microphone once you are in the room.',
      muted: 'The microphone is ready, but nobody hears you until you unmute.',
      listen: 'No microphone is used. You can add one later.',
    },
    password: 'Room password',
    tokenRoom: 'Your link leads to this room.',
    tokenListens: 'With your link you can listen but not speak.',
    submit: 'Join',
    joining: 'Joining…',
    cancel: 'Cancel',
    tokenDamaged: 'Your link is damaged. It may not have been copied completely. Ask for a new one.',
  },

  check: {
    open: 'Test your microphone and speaker',
    title: 'Your sound',
    microphone: 'Test the microphone',
    asking: 'Please answer your browser’s question',
    speak: 'Say something: the bar should move. Nobody hears you yet.',
    hearMyself: 'Hear yourself',
    recording: 'Say something…',
    sound: 'Play a test sound',
    playing: 'Playing…',
  },

  microphone: {
    title: 'You have no microphone, so you can only listen',
    asking: 'Waiting for the microphone. Please answer your browser’s question. You can already listen.',
    retry: 'Try again',
    listenInstead: 'Just listen',
    failures: {
      denied:
        'The browser is not allowed to use the microphone. Allow it with the icon next to the address, or in your system’s privacy settings, and try again.',
      none: 'No microphone was found. Plug one in and try again.',
      in_use: 'The microphone cannot be opened. Another program may be using it. Close that program and try again.',
      insecure_origin:
        'Browsers allow the microphone only on https:// and localhost pages. Open this page at such an address.',
      unsupported: 'This browser cannot use a microphone here. Use a current version of Chromium, Firefox or Safari.',
      overconstrained: 'This microphone does not support the requested settings. Choose another one.',
      other: 'The microphone could not be opened.',
    } satisfies Record<MicrophoneFailure, string>,
    lost: 'Your microphone is disconnected. Nobody hears you until you add one.',
    replaced: (label: string) => `Your microphone is disconnected. Now in use: ${label || 'the default microphone'}.`,
    add: 'Use a microphone',
    mutedByModerator: 'A moderator has muted you. Nobody hears you until a moderator lets you speak again.',
    mayUnmute: 'A moderator has allowed you to speak again. You are still muted.',
    listensOnly: 'With your link you can listen here but not speak.',
    mutedButTalking: 'You are talking, but you are muted.',
    level: 'Microphone level',
  },

  room: {
    people: 'In this room',
    count: (people: number) => (people === 1 ? 'Only you' : `${people} people`),
    alone: 'Nobody else is here yet. Send them the link.',
    aloneWithToken: 'Nobody else is here yet. Everyone needs a link of their own from whoever runs this server.',
    search: 'Find a person',
    nobodyFound: 'Nobody here has such a name.',
    talkingNow: 'Talking now',
    nobodyTalks: 'Nobody is talking.',
    sameName: (number: number) => `Another person of this name, number ${number}`,
    you: 'you',
    speaking: 'speaking',
    muted: 'muted',
    mutedByModerator: 'muted by moderator',
    listens: 'listens',
    noMicrophone: 'no microphone',
    moderates: 'moderator',
    deafened: 'deafened',
    deafenedWhy: 'You are deafened: you hear nobody, and nobody hears you.',
    undeafen: 'Hear again',
    captured: 'recorded',
    capturedWhy: (names: string) =>
      `The operator of this server is recording what ${names} says and hears, for troubleshooting. This includes everyone who talks here.`,
    connecting: 'connecting',
    copyLink: 'Copy link',
    linkCopied: 'Link copied',
    linkNeedsPassword: 'Link copied. Tell them the password of the room, too.',
    copyYourself: 'Your browser does not let this page copy. Copy the link yourself:',
    controls: 'Your controls',
    mute: 'Mute',
    deafen: 'Deafen',
    settings: 'Settings',
    leave: 'Leave',
    keyHint: (label: string, key: string) => `${label} (key ${key})`,
    back: 'You are back in the room.',
    joined: (name: string) => `${name} joined`,
    left: (name: string) => `${name} left`,
    kicked: (name: string) => `${name} was removed`,
    moved: (room: string) => `You have been moved to the room ${room}.`,
    draining: 'The server will restart soon. You can keep talking, but nobody new can join.',
    unlock: 'Turn on sound',
    unlockWhy: 'Your browser blocks the sound until you click.',
  },

  leaving: {
    title: (room: string) => `Leave ${room}?`,
    stay: 'Stay',
    leave: 'Leave',
  },

  talk: {
    title: 'Talking',
    modes: {
      open: 'Open microphone',
      voice: 'When you speak',
      push: 'Push to talk',
      mute: 'Push to mute',
    } satisfies Record<TalkMode, string>,
    hints: {
      open: 'Everyone hears you unless you are muted.',
      voice: 'You are heard while your voice is louder than the mark in the meter. Quieter sounds are not sent.',
      push: 'You are heard only while you hold the key or the button. The key works while this page has the focus.',
      mute: 'You are heard except while you hold the key or the button. The key works while this page has the focus.',
    } satisfies Record<TalkMode, string>,
    automatic: 'Follow the noise around you',
    threshold: 'Level that opens the microphone',
    binding: 'Key or button',
    press: 'Press it now',
    mouse: (button: number) => `Mouse button ${button}`,
    gamepad: (button: number) => `Gamepad button ${button}`,
    hold: { push: 'Hold to talk', mute: 'Hold to be silent' },
    or: (key: string) => `or ${key}`,
    isMuted: 'You are muted',
  },

  shortcuts: {
    title: 'Keyboard shortcuts',
    isOn: 'Single keys',
    actions: { mute: 'Mute', deafen: 'Deafen' } satisfies Record<ShortcutAction, string>,
    press: 'Press a key',
    none: 'None',
    hint: 'They work while this page has the focus and you are not typing.',
  },

  channels: {
    teams: 'Teams',
    talkTo: 'You speak to',
    everyone: 'Everyone',
    whisper: 'Whisper',
    whisperTo: (name: string) => `Hold to whisper to ${name}`,
    shout: 'Shout',
    shoutTo: (rooms: string) => `Hold to speak also to ${rooms}`,
    whispersToYou: 'whispers to you',
    speaksTo: (teams: string) => `to ${teams}`,
  },
  volume: {
    open: (name: string) => `Volume of ${name}`,
    onlyForYou: 'Only you hear the difference.',
    volume: 'Volume',
    percent: (gain: number) => `${Math.round(gain * 100)} %`,
    mute: 'Mute for me',
    muted: 'muted for you',
    changed: (gain: number) => `${Math.round(gain * 100)} % for you`,
    close: 'Close',
  },

  chat: {
    title: 'Chat',
    unread: 'unread messages',
    close: 'Close',
    write: 'Write a message',
    editing: 'Change your message',
    send: 'Send',
    save: 'Save',
    edit: 'Edit',
    edited: 'edited',
    delete: 'Delete',
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
    notLoaded: 'The chat could not be loaded. Reload the page.',
    problem: (error: unknown): string => {
      if (!(error instanceof VoiceError)) return problems.internal;
      const seconds = Math.ceil((error.retryAfterMs ?? 0) / 1000);
      const sentence = problem(error.code, error.message);
      return seconds > 0 ? `${sentence} (${seconds} s)` : sentence;
    },
  },

  moderation: {
    moderate: (name: string) => `Moderate ${name}`,
    mute: 'Mute',
    allow: 'Allow to speak',
    muteInChat: 'Mute in the chat',
    allowInChat: 'Allow to write in the chat',
    kick: 'Remove from the room',
    ban: 'Remove for ten minutes',
    cancel: 'Cancel',
    lock: 'Lock',
    lockHint: 'Only moderators can join a locked room.',
    locked: 'Locked',
  },

  state: (state: ConnectionState): string => {
    switch (state.status) {
      case 'idle':
      case 'closed':
        return 'Not connected';
      case 'connecting':
        return 'Connecting…';
      case 'reconnecting':
        if (state.reason === 'server_closing') return 'The server is restarting';
        return state.hasSound ? 'Reconnecting' : 'Connection lost';
      case 'connected':
        return { connecting: 'Connecting audio…', connected: 'Connected', blocked: 'No audio', busy: 'Server is busy' }[
          state.media
        ];
    }
  },
  quality: { good: 'Good connection', fair: 'Fair connection', poor: 'Poor connection' } satisfies Record<
    QualityGrade,
    string
  >,
  notAnswering: 'The server does not answer',
  /** What people should know in addition to the state; empty for nothing. */
  whileReconnecting: (state: ConnectionState & { status: 'reconnecting' }): string => {
    if (state.reason === 'server_closing') return 'You will be back by yourself.';
    return state.hasSound ? 'The server cannot be reached, but audio still works.' : '';
  },
  retrying: (seconds: number, attempt: number) =>
    seconds > 0 ? `Reconnecting in ${seconds} s (attempt ${attempt})` : `Reconnecting (attempt ${attempt})…`,
  retryNow: 'Try now',
  blocked:
    'The server answers, but no audio gets through. A firewall or this network seems to block UDP. Still trying…',
  busy: 'The server is too busy to give you audio right now. It is asked again every few seconds, so you need not do anything.',
  /** Why the conversation ended; empty if the person has left. */
  closed: ({ reason, message, retryAfterMs }: ClosedState): string => {
    if (reason === 'left') return '';
    if (reason === 'kicked' && retryAfterMs !== undefined)
      return `A moderator has removed you from the room. You can come back in ${durationText(retryAfterMs)}.`;
    return problem(reason, message);
  },
  problem,

  mini: {
    open: 'Mini player',
    hint: 'Keep the room in a small window on top of the others',
    failed: 'The small window could not be opened.',
    leave: 'Leave',
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
    close: 'Done',
    input: 'Microphone',
    output: 'Speaker',
    defaultDevice: 'System default',
    unnamed: (index: number) => `Device ${index + 1}`,
    chooseOutput: 'Choose a speaker…',
    outputFailed: 'This speaker cannot be used.',
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
} as const;
