import type { CloseReason, ConnectionState } from '../sdk/connection-state.ts';
import type { MicrophoneFailure } from '../sdk/microphone.ts';
import type { QualityGrade } from '../sdk/quality.ts';

const NO_UNDERSTANDING = 'This page and the server do not understand each other. Load the page again.';

/** A sentence for everything that can go wrong on the page, by its code: what it is, and what to do. */
export const problems = {
  unreachable: 'The server cannot be reached. Check your network and try again.',
  media_failed: 'Your browser could not set the sound up. It is being tried again.',
  malformed_message: NO_UNDERSTANDING,
  unknown_type: NO_UNDERSTANDING,
  not_joined: NO_UNDERSTANDING,
  already_joined: NO_UNDERSTANDING,
  message_too_large: NO_UNDERSTANDING,
  too_many_messages: 'That was too much at once. Wait a moment.',
  too_many_offers: 'That was too much at once. Wait a moment.',
  join_timeout: 'Joining took too long. Try again.',
  invalid_name: 'The server does not take this name. It may have 1 to 64 characters, and no control characters.',
  invalid_room: 'The server does not take this channel name. It may have letters, digits, “-”, “_” and “.”.',
  room_locked: 'This channel is locked: nobody new gets in. Ask somebody who is there.',
  password_required: 'This channel has a password.',
  wrong_password: 'This is not the password. Try again.',
  token_required: 'This server lets in only those who have a link of their own. Ask the one who invited you.',
  token_invalid: 'Your link is not valid for this channel. Ask for a new one.',
  token_expired: 'Your link has expired. Ask for a new one.',
  not_allowed: 'You may not do this here.',
  unknown_participant: 'This person has just left the channel.',
  kicked: 'A moderator has removed you from the channel.',
  room_full: 'This channel is full. Try again later or choose another one.',
  too_many_rooms: 'The server has as many channels as it may have. Join one that there is, or try again later.',
  sdp_too_large: 'Your browser and the server do not agree on the sound. Try a current Chromium, Firefox or Safari.',
  invalid_sdp: 'Your browser and the server do not agree on the sound. Try a current Chromium, Firefox or Safari.',
  cannot_restart: 'The sound was lost, and is being set up anew.',
  media_unavailable: 'The server cannot give you sound at the moment. It is being tried again.',
  server_busy: 'The server has too much to do to let somebody else in. Try again in a moment.',
  forbidden_origin: 'This page is not allowed to use this server. Open the server’s own page.',
  unknown_host: 'The server does not go by the name in your address bar. Ask for the right link.',
  rate_limited: 'Too many attempts from your network. Wait a minute and try again.',
  too_many_connections: 'The server has as many visitors as it may have. Try again later.',
  replaced: 'You have joined again in another window, so this one has left.',
  room_closed: 'This channel has been closed.',
  server_draining: 'The server is about to restart and takes nobody new. Try again in a few minutes.',
  server_closing: 'The server is restarting. Try again in a moment.',
  internal: 'Something failed inside the server. Try again.',
} as const satisfies Readonly<Record<string, string>>;

/** Its sentence, or what the server says where that is newer than the page. */
function problem(code: string, message: string): string {
  const sentence = (problems as Readonly<Record<string, string>>)[code];
  return sentence ?? (message || `The server refused (${code}).`);
}

/** Every text of the page, so that it can be read in one place and translated. */
export const strings = {
  product: 'Partyline',
  tagline: 'Everybody in the channel, one clear line.',
  roomTitle: (room: string) => `${room} · Partyline`,

  join: {
    heading: 'Join a channel',
    name: 'Your name',
    namePlaceholder: 'Ada',
    nameMissing: 'Please write a name, so that the others know who you are.',
    room: 'Channel',
    roomHint: 'Letters, digits, “-”, “_” and “.”, without spaces.',
    roomInvalid: 'A channel name has 1 to 64 letters or digits of any script, “-”, “_” or “.”, and no spaces.',
    mode: 'Join with',
    modes: { open: 'Microphone', muted: 'Muted', listen: 'Listen only' },
    modeHints: {
      open: 'Your browser asks for the microphone when you join.',
      muted: 'The microphone is ready, but nobody hears you until you unmute.',
      listen: 'No microphone is used. You can add one later.',
    },
    password: 'Password of the channel',
    tokenRoom: 'Your link leads into this channel.',
    tokenListens: 'With your link you can listen, not speak.',
    submit: 'Join',
    joining: 'Joining…',
    askingMicrophone: 'Waiting for the microphone. Please answer your browser’s question.',
    cancel: 'Cancel',
    retry: 'Try again',
    listenInstead: 'Listen only',
  },

  microphone: {
    title: 'No microphone',
    failures: {
      denied:
        'The browser may not use the microphone. Allow it by the icon beside the address, or in the privacy settings of your system, and try again.',
      none: 'No microphone was found. Plug one in and try again.',
      in_use: 'The microphone cannot be opened. Another program may be using it: close that one and try again.',
      insecure_origin:
        'Browsers give the microphone only to pages of https:// or of localhost. Open this page by such an address.',
      unsupported: 'This browser cannot use a microphone here. A current Chromium, Firefox or Safari can.',
      overconstrained: 'This microphone cannot do what was asked of it. Choose another one.',
      other: 'The microphone could not be opened.',
    } satisfies Record<MicrophoneFailure, string>,
    lost: 'Your microphone is gone. Nobody hears you until you add one.',
    replaced: (label: string) => `Your microphone is gone. Now in use: ${label || 'the default microphone'}.`,
    add: 'Use a microphone',
    mutedByModerator: 'A moderator has muted you. Nobody hears you until a moderator allows it again.',
    mayUnmute: 'A moderator lets you speak again. You are still muted.',
    listensOnly: 'With your link you can listen here, not speak.',
    mutedButTalking: 'You are talking, but you are muted.',
    level: 'Level of your microphone',
  },

  room: {
    people: 'In this channel',
    count: (people: number) => (people === 1 ? 'Only you' : `${people} people`),
    alone: 'Nobody else is here yet. Send them the link.',
    you: 'you',
    speaking: 'speaking',
    muted: 'muted',
    mutedByModerator: 'muted by moderator',
    listens: 'listens',
    moderates: 'moderator',
    deafened: 'deafened',
    captured: 'recorded',
    capturedWhy: (names: string) =>
      `The operator of this server is recording what ${names} says and hears, to find a fault. That includes everybody who talks here.`,
    connecting: 'connecting',
    copyLink: 'Copy link',
    linkCopied: 'Link copied',
    controls: 'Your controls',
    mute: 'Mute',
    deafen: 'Deafen',
    settings: 'Settings',
    leave: 'Leave',
    keyHint: (label: string, key: string) => `${label} (key ${key})`,
    back: 'You are back in the channel.',
    joined: (name: string) => `${name} joined`,
    left: (name: string) => `${name} left`,
    kicked: (name: string) => `${name} was removed`,
    moved: (room: string) => `You have been moved to the channel ${room}.`,
    draining: 'The server will restart soon. You can go on talking, but nobody new gets in.',
    unlock: 'Turn the sound on',
    unlockWhy: 'Your browser holds the sound back until you click.',
  },

  moderation: {
    moderate: (name: string) => `Moderate ${name}`,
    mute: 'Mute',
    allow: 'Let speak again',
    kick: 'Remove from the channel',
    ban: 'Remove for ten minutes',
    cancel: 'Cancel',
    lock: 'Lock',
    lockHint: 'Nobody new gets into a locked channel, but moderators.',
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
        return state.hasSound ? 'Reconnecting' : 'Connection lost';
      case 'connected':
        return { connecting: 'Connecting sound…', connected: 'Connected', blocked: 'No sound', busy: 'Server is busy' }[
          state.media
        ];
    }
  },
  quality: { good: 'Good connection', fair: 'Fair connection', poor: 'Poor connection' } satisfies Record<
    QualityGrade,
    string
  >,
  stillHeard: 'The server is not reached, but sound still flows.',
  retrying: (seconds: number, attempt: number) =>
    seconds > 0 ? `Back in ${seconds} s (attempt ${attempt})` : `Trying again (attempt ${attempt})…`,
  retryNow: 'Try now',
  blocked:
    'The server is there, but no sound gets through: a firewall or this network seems to block UDP. It is still being tried.',
  busy: 'The server has too much to do to let somebody else hear and speak now. It is asked again every few seconds; you need not do anything.',
  /** Why it is over; nothing to say where the person has left. */
  closed: (reason: CloseReason, message: string): string => (reason === 'left' ? '' : problem(reason, message)),
  problem,

  settings: {
    title: 'Settings',
    close: 'Done',
    input: 'Microphone',
    output: 'Loudspeaker',
    defaultDevice: 'System default',
    unnamed: (index: number) => `Device ${index + 1}`,
    chooseOutput: 'Choose a loudspeaker…',
    outputFailed: 'This loudspeaker cannot be used.',
    processing: 'Sound processing',
    processingHint: 'Good for speech. For music, turn all of it off and wear headphones.',
    echoCancellation: 'Echo cancellation',
    noiseSuppression: 'Noise suppression',
    autoGainControl: 'Automatic level',
    details: 'Connection',
    noDetails: 'No figures yet.',
    figures: {
      rtt: 'Round trip',
      buffer: 'Waiting in the browser',
      jitter: 'Jitter',
      lossDown: 'Lost on the way to you',
      lossUp: 'Lost on the way to the server',
      concealed: 'Filled in by the browser',
    },
    milliseconds: (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value: number | null) => (value === null ? '–' : `${value.toFixed(1)} %`),
  },
} as const;
