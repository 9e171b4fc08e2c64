/** Which rooms take sound by RTP, and which are sent by RTP: from where, to where it may go, and how much of it. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { parseEndpoint } from '../../lib/net/host-port.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { Room } from '../../rooms/room.ts';
import type { NewRtpInput, NewRtpOutput, RoomRtp, RtpInputInfo, RtpOutputInfo } from '../../rooms/rtp.ts';
import { RtpInput } from './rtp-input.ts';
import { RtpOutput } from './rtp-output.ts';
import { type RtpNetwork, type UdpIn, udpNetwork } from './udp.ts';

/** Inputs and outputs together. */
const MAX_OF_ROOM = 8;
const MAX_IN_ALL = 50;

export interface RtpStreamsOptions {
  /** Where inputs take packets. Empty: there are none. */
  readonly host: string;
  /** Hosts, each with or without a port, as `parseEndpoint` accepts them. Empty: nothing may be sent anywhere. */
  readonly targets: readonly string[];
  readonly registry: RoomRegistry;
  /** Whether the operator sees addresses. */
  readonly showAddresses: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** That of the machine by default. */
  readonly network?: RtpNetwork;
}

interface OpenInput {
  readonly input: RtpInput;
  readonly socket: UdpIn;
}

export class RtpStreams implements RoomRtp {
  readonly #options: RtpStreamsOptions;
  readonly #network: RtpNetwork;
  readonly #inputs = new Map<string, OpenInput>();
  readonly #outputs = new Map<string, { readonly output: RtpOutput; readonly room: Room }>();
  /** Rooms for which a socket is being opened, each as often. */
  readonly #opening: Room[] = [];

  constructor(options: RtpStreamsOptions) {
    this.#options = options;
    this.#network = options.network ?? udpNetwork;
  }

  async startInput(room: Room, wanted: NewRtpInput): Promise<RtpInputInfo> {
    const { host, registry, showAddresses, clock, log } = this.#options;
    if (host === '') throw new AppError('rtp_off');
    return this.#whileOpening(room, async () => {
      let input: RtpInput | undefined;
      const socket = await this.#network
        .listen(host, wanted.port ?? 0, (datagram, from) => input?.receive(datagram, from))
        .catch((error: unknown) => {
          log.warn({ err: error, host, port: wanted.port }, 'a port for RTP cannot be opened');
          throw new AppError('rtp_port_taken');
        });
      const id = randomUUID();
      try {
        checkOpen(room);
        input = new RtpInput({
          id,
          registry,
          room: room.name,
          wanted,
          showAddresses,
          clock,
          onEnded: (reason) => {
            socket.close();
            this.#inputs.delete(id);
            log.info({ input: id, reason }, 'rtp input ended');
          },
        });
      } catch (error) {
        socket.close();
        throw error;
      }
      this.#inputs.set(id, { input, socket });
      log.info({ input: id, room: room.name, port: socket.port }, 'rtp input began');
      return input.infoOf({ address: host, port: socket.port });
    });
  }

  async startOutput(room: Room, wanted: NewRtpOutput): Promise<RtpOutputInfo> {
    const { targets, clock, log } = this.#options;
    const target = parseEndpoint(wanted.target);
    const { host = '', port = null } = target ?? {};
    if (port === null) throw new AppError('invalid_request', 'target: address or host name, and a port.');
    if (!isTarget({ host, port }, targets)) throw new AppError('forbidden_target');
    return this.#whileOpening(room, async () => {
      let output: RtpOutput | undefined;
      const socket = await this.#network
        .connect(host, port, () => output?.failed())
        .catch((error: unknown) => {
          log.warn({ err: error, host }, 'nothing can be sent there by RTP');
          throw new AppError('forbidden_target', 'The host has no address that packets can be sent to.');
        });
      const id = randomUUID();
      try {
        checkOpen(room);
        output = new RtpOutput({
          id,
          room,
          wanted,
          port,
          ssrc: randomInt(2 ** 32),
          socket,
          clock,
          onEnded: (reason) => {
            socket.close();
            this.#outputs.delete(id);
            log.info({ output: id, reason }, 'rtp output ended');
          },
        });
      } catch (error) {
        socket.close();
        throw error;
      }
      this.#outputs.set(id, { output, room });
      log.info({ output: id, room: room.name, host, port }, 'rtp output began');
      return output.info;
    });
  }

  list(room: Room): { inputs: RtpInputInfo[]; outputs: RtpOutputInfo[] } {
    return {
      inputs: this.#inputsOf(room).map(({ input, socket }) =>
        input.infoOf({ address: this.#options.host, port: socket.port }),
      ),
      outputs: this.#outputsOf(room).map(({ output }) => output.info),
    };
  }

  sdp(room: Room, id: string): string {
    const entry = this.#outputs.get(id);
    if (entry?.room !== room) throw new AppError('unknown_rtp');
    return entry.output.sdp;
  }

  end(room: Room, id: string): void {
    const output = this.#outputs.get(id);
    const open = this.#inputs.get(id);
    if (output?.room === room) output.output.end('ended');
    else if (open?.input.roomName === room.name) open.input.end();
    else throw new AppError('unknown_rtp');
  }

  /** Ends what is left; most end with their rooms. */
  close(): void {
    for (const { output } of [...this.#outputs.values()]) output.end('server_closing');
    for (const { input } of [...this.#inputs.values()]) input.end();
  }

  async #whileOpening<T>(room: Room, open: () => Promise<T>): Promise<T> {
    const ofRoom = this.#inputsOf(room).length + this.#outputsOf(room).length;
    const opening = this.#opening.filter((other) => other === room).length;
    const inAll = this.#inputs.size + this.#outputs.size + this.#opening.length;
    if (ofRoom + opening >= MAX_OF_ROOM || inAll >= MAX_IN_ALL) throw new AppError('too_many_rtp');
    this.#opening.push(room);
    try {
      return await open();
    } finally {
      this.#opening.splice(this.#opening.indexOf(room), 1);
    }
  }

  #inputsOf(room: Room): OpenInput[] {
    return [...this.#inputs.values()].filter(({ input }) => input.roomName === room.name);
  }

  #outputsOf(room: Room): { readonly output: RtpOutput; readonly room: Room }[] {
    return [...this.#outputs.values()].filter((entry) => entry.room === room);
  }
}

function checkOpen(room: Room): void {
  if (room.players.isClosed) throw new AppError('unknown_room');
}

/** Whether the operator allows it. Names are compared as they are, without looking up their addresses. */
export function isTarget(
  { host, port }: { readonly host: string; readonly port: number },
  targets: readonly string[],
): boolean {
  return targets.some((text) => {
    const target = parseEndpoint(text);
    return target?.host.toLowerCase() === host.toLowerCase() && (target.port ?? port) === port;
  });
}
