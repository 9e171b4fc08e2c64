import { Duplex } from 'node:stream';

/** Two streams, each of which reads what is written to the other. */
export function duplexPair(): [Duplex, Duplex] {
  const make = (): Duplex =>
    new Duplex({
      read() {},
      write(bytes, _, done) {
        other.get(this as Duplex)?.push(bytes);
        done();
      },
      destroy(error, done) {
        const peer = other.get(this as Duplex);
        if (peer !== undefined && !peer.destroyed) queueMicrotask(() => peer.push(null));
        done(error);
      },
    });
  const other = new Map<Duplex, Duplex>();
  const [one, two] = [make(), make()];
  other.set(one, two);
  other.set(two, one);
  return [one, two];
}
