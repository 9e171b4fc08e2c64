/** A participant as the others see them. */

/** What the others can expect to hear from someone: without a microphone, or muted, nothing. */
export type MicrophoneState = 'none' | 'muted' | 'open';

/** How well sound gets through to someone and back. */
export type ConnectionGrade = 'good' | 'fair' | 'poor';

export interface ParticipantInfo {
  readonly id: string;
  /** The claim `sub` of their join token; null without a token. */
  readonly identity: string | null;
  readonly name: string;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  readonly muted: boolean;
  /** Muted by a moderator: cannot unmute until a moderator allows it. */
  readonly mutedByModerator: boolean;
  readonly deafened: boolean;
  readonly microphone: MicrophoneState;
  /** The media connection is established: this participant can hear and, unless muted, be heard. */
  readonly connected: boolean;
  /** The server's operator is recording what this participant says and hears, for troubleshooting. */
  readonly captured: boolean;
  /** They want to say something; omitted if not. */
  readonly handRaised?: boolean;
  /** They are not at the computer; omitted if they are. */
  readonly away?: boolean;
  /** Of their media, as the server sees it; omitted if it is good, or nothing is known yet. */
  readonly connection?: ConnectionGrade;
  /**
   * How they are here, if not by a page. `whip` is a source such as OBS, `bot` a program that may also listen, and `rtp`
   * what the operator takes in by RTP: these are no people. `mumble` is a person with a Mumble client, `websocket` one
   * whose sound goes over a WebSocket because WebRTC does not get through. Omitted for everybody else.
   */
  readonly via?: 'whip' | 'bot' | 'rtp' | 'mumble' | 'websocket';
  /** False if they may not write in the chat, because of their token or a moderator; otherwise omitted. */
  readonly mayChat?: boolean;
  /** `music`: this is not a person, but a sound that its owner shares beside their voice. Otherwise omitted. */
  readonly role?: 'music';
  /** The id of the participant who shares it. */
  readonly owner?: string;
}
