import type { ForwardStatus, ListenerStatus, RecordingStatus, Recordings } from './api.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

const REASONS: Readonly<Record<NonNullable<RecordingStatus['reason']>, string>> = {
  stopped: 'stopped',
  room_ended: 'the room ended',
  time: 'the longest time was over',
  size: 'there was no space for more',
  disk_full: 'the disk was full',
  disk_failed: 'the disk failed',
  server_closing: 'the server shut down',
  interrupted: 'interrupted, and repaired',
};
const VIA: Readonly<Record<ListenerStatus['via'], string>> = {
  whep: 'WHEP',
  http: 'HTTP',
  forward: 'forward',
  route: 'another room',
  rtp: 'RTP',
};

/** The texts of the admin page about recordings, forwards and listeners. */
export const recordingStrings = {
  recordings: 'Recordings',
  none: 'Nothing has been recorded.',
  more: (shown: number, total: number) => `Showing the newest ${shown} of ${total} recordings.`,
  space: ({ bytes, maxBytes, freeBytes }: NonNullable<Recordings['disk']>) =>
    [
      maxBytes === 0 ? `${sizeText(bytes)} recorded` : `${sizeText(bytes)} of ${sizeText(maxBytes)} recorded`,
      ...(freeBytes === null ? [] : [`${sizeText(freeBytes)} free on the disk`]),
    ].join(', '),
  of: ({ room, startedAt }: RecordingStatus) => `${room}, ${new Date(startedAt).toLocaleString()}`,
  size: sizeText,
  startedBy: ({ by, identity, name }: RecordingStatus['startedBy']) =>
    by === 'api'
      ? 'started by the API'
      : by === 'room'
        ? 'always recorded'
        : `started by ${identity === null ? name : `${name} (${identity})`}`,
  /** What is or was with it. */
  fate: ({ state, reason, upload }: RecordingStatus): string[] => [
    ...(state === 'recording' ? ['running'] : reason === null ? [] : [REASONS[reason]]),
    ...(upload === null
      ? []
      : upload.state === 'uploaded'
        ? ['copied to the storage']
        : [upload.error === null ? 'not yet copied to the storage' : `not copied to the storage: ${upload.error}`]),
  ],
  play: 'Play',
  download: 'Download',
  stop: 'Stop',
  stopped: (room: string) => `The recording of ${room} has ended.`,
  remove: 'Delete',
  removeQuestion: (recording: RecordingStatus) =>
    recording.upload?.state === 'waiting'
      ? `Delete the only copy of this recording of ${recording.room}? The storage does not have it yet.`
      : `Delete this recording of ${recording.room} from the server?`,
  removed: 'The recording is deleted.',
  forwards: 'Sent to other servers',
  forwardState: ({ state, error, retryAt }: ForwardStatus) =>
    state === 'failed'
      ? `${error?.message ?? ''} Next attempt ${retryAt === null ? 'soon' : new Date(retryAt).toLocaleTimeString()}.`
      : state === 'connecting'
        ? 'connecting'
        : 'connected',
  end: 'End',
  endOf: (what: string) => `End ${what}`,
  listeners: (count: number) => (count === 1 ? '1 listener' : `${count} listeners`),
  listener: ({ via, since, address, connected }: ListenerStatus) =>
    [
      VIA[via],
      ...(address === null ? [] : [address]),
      `since ${new Date(since).toLocaleTimeString()}`,
      ...(connected ? [] : ['no media connection']),
    ].join(', '),
} as const;

function sizeText(bytes: number): string {
  const unit = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
