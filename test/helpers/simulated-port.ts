import type { DatagramListener } from '../../src/rtc/net/datagram-port.ts';
import type { MediaPort } from '../../src/rtc/net/media-port.ts';

/** A media port without a socket. Its traffic goes to the `listener`. */
export function simulatedPort(
  addresses: MediaPort['addresses'] = [],
): MediaPort & { readonly listener: DatagramListener } {
  let listener: DatagramListener = () => {};
  const port = {
    addresses,
    udpCounters: { datagramsIn: 0, sendFailures: 0, socketErrors: 0 },
    tcp: null,
    tcpPacketsDropped: 0,
    listen: (wanted: DatagramListener) => {
      listener = wanted;
    },
    close: async () => {},
    get listener() {
      return listener;
    },
  };
  return port as unknown as MediaPort & { readonly listener: DatagramListener };
}
