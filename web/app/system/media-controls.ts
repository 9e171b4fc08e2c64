/** The part of the browser that shows a call on the lock screen and beside headset buttons (W3C, Media Session). */
export type MediaSessionSource = Pick<MediaSession, 'setActionHandler'> & {
  metadata: MediaMetadata | null;
  /** Chromium and Safari. */
  readonly setMicrophoneActive?: (isActive: boolean) => void;
};

export interface MediaActions {
  readonly toggleMicrophone: () => void;
  readonly hangUp: () => void;
}

/** What the lock screen shows. */
export interface ShownCall {
  readonly room: string;
  readonly people: string;
  readonly isMicrophoneActive: boolean;
}

/** Typescript's list lacks the actions of calls. */
const ACTIONS: Readonly<Record<string, keyof MediaActions>> = {
  togglemicrophone: 'toggleMicrophone',
  hangup: 'hangUp',
};

/** The call as the system shows it, with a button to mute and one to leave. */
export class MediaControls {
  readonly #source: MediaSessionSource | null;
  readonly #actions: MediaActions;
  #isShown = false;

  /** @param source null where the browser has none */
  constructor(actions: MediaActions, source: MediaSessionSource | null = navigator.mediaSession ?? null) {
    this.#actions = actions;
    this.#source = source;
  }

  /** Null: there is no call. */
  show(call: ShownCall | null): void {
    const source = this.#source;
    if (source === null) return;
    if ((call !== null) !== this.#isShown) {
      this.#isShown = call !== null;
      for (const [action, name] of Object.entries(ACTIONS))
        setHandler(source, action as MediaSessionAction, call === null ? null : () => this.#actions[name]());
    }
    source.metadata = call === null ? null : createMetadata(call);
    source.setMicrophoneActive?.(call?.isMicrophoneActive === true);
  }
}

function createMetadata({ room, people }: ShownCall): MediaMetadata {
  return new MediaMetadata({ title: room, artist: people });
}

function setHandler(source: MediaSessionSource, action: MediaSessionAction, handler: (() => void) | null): void {
  try {
    source.setActionHandler(action, handler);
  } catch {
    // Browsers throw for actions that they do not know.
  }
}
