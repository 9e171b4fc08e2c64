import { pino } from 'pino';
import type { LinkRoute, MediaHost, MediaHostEvents } from '../../src/media/control/host.ts';
import { WorkerSlot } from '../../src/media/control/worker-slot.ts';
import type { AddMember, MediaCommand } from '../../src/media/link/messages.ts';
import type { FakeClock } from './fake-clock.ts';

export interface FakeSlot {
  readonly slot: WorkerSlot;
  /** What its worker was told. */
  readonly commands: MediaCommand[];
  /** As the worker. */
  readonly events: () => MediaHostEvents;
  /** Who was added and not removed. */
  readonly members: () => AddMember[];
}

let lastId = 0;

/**
 * A slot with a worker that only remembers what it is told.
 * @param options `port` undefined: without a media port; `route`: it is at another server
 */
export async function startFakeSlot(
  clock: FakeClock,
  { address, port, route }: { address: string; port: number | undefined; route?: LinkRoute },
): Promise<FakeSlot> {
  const commands: MediaCommand[] = [];
  let events: MediaHostEvents | undefined;
  const host: MediaHost = {
    ...(route === undefined ? {} : { route }),
    addresses: port === undefined ? [] : [{ protocol: 'udp', family: 4, address, port }],
    tickAgeMs: () => 5,
    post: (command) => commands.push(command),
    acceptTcp: () => {},
    close: async () => {},
  };
  const slot = new WorkerSlot({
    index: 0,
    workers: 1,
    hosts: [address],
    port: 0,
    tcp: false,
    announce: [],
    hideLoopback: false,
    spanLoad: 0.6,
    mix: { maxTalkers: 8, levelling: false },
    sdpLimits: { maxBytes: 16_384, maxLines: 300 },
    workerEntry: new URL('file:///none'),
    clock,
    log: pino({ level: 'silent' }),
    announcement: { addresses: [] },
    followed: undefined,
    nextId: () => ++lastId,
    // Nobody negotiates here.
    certificate: undefined as never,
    handshakes: undefined as never,
    startHost: async (place) => {
      events = place.events;
      return host;
    },
    onChange: () => {},
    onAddresses: () => {},
  });
  await slot.start();
  return {
    slot,
    commands,
    events: () => events!,
    members: () => {
      const removed = commands.flatMap((command) => (command.type === 'remove_member' ? command.memberId : []));
      return commands.filter(
        (command): command is AddMember => command.type === 'add_member' && !removed.includes(command.memberId),
      );
    },
  };
}
