/** What the tests use of the package `@tf2pickup-org/mumble-client`, whose own types are those of all of RxJS. */
declare module '@tf2pickup-org/mumble-client' {
  interface User {
    readonly name?: string;
    readonly selfMute: boolean;
    moveToChannel(channelId: number): Promise<this>;
    setSelfMute(selfMute: boolean): Promise<this>;
  }

  export interface FullAudioPacket {
    readonly source: number;
    readonly sequence: number;
    readonly audioData: Uint8Array;
    readonly hasTerminator: boolean;
  }

  export class Client {
    constructor(options: {
      readonly host: string;
      readonly port: number;
      readonly username: string;
      readonly rejectUnauthorized: boolean;
    });
    readonly welcomeText?: string;
    readonly self?: User;
    readonly channels: { byName(name: string): { readonly id: number } | undefined };
    readonly users: { bySession(session: number): User | undefined };
    readonly socket?: {
      readonly fullAudioPacket: { subscribe(receive: (packet: FullAudioPacket) => void): unknown };
      sendAudio(audio: { readonly data: Uint8Array; readonly isTerminator: boolean }): Promise<void>;
    };
    connect(): Promise<this>;
    disconnect(): this;
  }
}
