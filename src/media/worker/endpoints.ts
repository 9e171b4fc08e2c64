/** Creates the endpoint of a new member by kind, and passes it the commands of its kind. */
import type { Millis } from '../../lib/clock.ts';
import type { Demultiplexer } from '../../rtc/demultiplexer.ts';
import { LinkEndpoint } from '../../rtc/link-endpoint.ts';
import type { LinkParameters } from '../../rtc/link-options.ts';
import type { DatagramSocket } from '../../rtc/net/datagram-port.ts';
import { NetworkPath } from '../../rtc/net/network-path.ts';
import type { RedundancyCache } from '../../rtc/rtp/redundancy-cache.ts';
import { WebRtcEndpoint } from '../../rtc/webrtc-endpoint.ts';
import type { Endpoint, EndpointEvents } from '../endpoint.ts';
import type { EndpointDescription, RelayedCommand, WebRtcCommand } from '../link/messages.ts';
import { RelayedEndpoint } from './relayed-endpoint.ts';
import type { RelayedTraffic } from './relayed-traffic.ts';

export interface EndpointContext {
  readonly memberId: number;
  readonly events: EndpointEvents & { dtls(datagram: Uint8Array): void };
  readonly demultiplexer: Demultiplexer;
  readonly redundancy: RedundancyCache;
  readonly relayed: RelayedTraffic;
  /** See `MediaPort.socketAt`. */
  readonly socketAt: (address: string) => DatagramSocket | undefined;
  /** In [0, 1). */
  readonly random: () => number;
  readonly nowMs: Millis;
}

export function openEndpoint(
  description: EndpointDescription,
  { memberId, relayed, ...context }: EndpointContext,
): Endpoint {
  if (description.kind === 'relayed') return relayed.open(memberId, description.parameters, context.events);
  if (description.kind === 'link') return openLink(memberId, description.parameters, context);
  return new WebRtcEndpoint({ id: memberId, parameters: description.parameters, ...context });
}

function openLink(
  id: number,
  parameters: LinkParameters,
  { socketAt, ...context }: Omit<EndpointContext, 'memberId' | 'relayed'>,
): LinkEndpoint {
  const { from, to } = parameters;
  const socket = socketAt(from);
  if (socket === undefined) throw new Error('the media port has no socket for the link');
  const path = new NetworkPath(socket, to.address, to.port, context.nowMs);
  return new LinkEndpoint({ id, parameters, path, ...context });
}

/** Other kinds of endpoint ignore it. */
export function handleByKind(endpoint: Endpoint, command: WebRtcCommand | RelayedCommand): void {
  if (command.type !== 'clear_queue') handleWebRtc(endpoint, command);
  else if (endpoint instanceof RelayedEndpoint) endpoint.clear();
}

function handleWebRtc(endpoint: Endpoint, command: WebRtcCommand): void {
  if (!(endpoint instanceof WebRtcEndpoint)) return;
  switch (command.type) {
    case 'restart_ice':
      endpoint.restartIce(command.credentials);
      return;
    case 'set_direction':
      endpoint.setDirection(command.direction);
      return;
    case 'set_keys':
      endpoint.setKeys(command.keys);
      return;
    case 'send_dtls':
      endpoint.sendDtls(command.datagram);
  }
}
