/** Addresses and networks (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`), and finding the networks of an address. */
import { isNetwork, plainAddress } from './client-address.ts';
import { bytesToIp, ipToBytes } from './ip-address.ts';

export interface Network {
  /** The first address, 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  /** Length of the prefix. */
  readonly bits: number;
}

/** Undefined if it is none. Bits after the prefix are cleared. A single address is a network of its whole length. */
export function parseNetwork(text: string): Network | undefined {
  if (!isNetwork(text)) return undefined;
  const [address = '', length] = text.split('/');
  const bytes = ipToBytes(plainAddress(address));
  if (bytes === null) return undefined;
  const whole = bytes.length * 8;
  // A prefix of an IPv4 address that is written as IPv6 counts 96 bits more.
  const given = Number(length ?? whole) - (length !== undefined && address.includes(':') && whole === 32 ? 96 : 0);
  return given < 0 ? undefined : { bytes: masked(bytes, given), bits: given };
}

/** The same for each spelling. */
export function formatNetwork({ bytes, bits }: Network): string {
  const address = bytesToIp(bytes);
  return bits === bytes.length * 8 ? address : `${address}/${bits}`;
}

/** Values by network. */
export class NetworkMap<T> {
  /** By the size of addresses and the length of prefixes, of which there are at most 162. */
  readonly #byLength = new Map<string, Map<string, T>>();

  /** Replaces the value of exactly this network. */
  set(network: Network, value: T): void {
    const length = lengthOf(network);
    const same = this.#byLength.get(length) ?? new Map<string, T>();
    same.set(keyOf(network.bytes), value);
    this.#byLength.set(length, same);
  }

  get(network: Network): T | undefined {
    return this.#byLength.get(lengthOf(network))?.get(keyOf(network.bytes));
  }

  delete(network: Network): void {
    const length = lengthOf(network);
    const same = this.#byLength.get(length);
    same?.delete(keyOf(network.bytes));
    if (same?.size === 0) this.#byLength.delete(length);
  }

  /** Of all networks that contain the address. */
  matches(address: string): T[] {
    const bytes = ipToBytes(plainAddress(address));
    if (bytes === null) return [];
    const found: T[] = [];
    for (const [length, same] of this.#byLength) {
      const [size, bits] = length.split('/').map(Number) as [number, number];
      const value = size === bytes.length ? same.get(keyOf(masked(bytes, bits))) : undefined;
      if (value !== undefined) found.push(value);
    }
    return found;
  }
}

function lengthOf({ bytes, bits }: Network): string {
  return `${bytes.length}/${bits}`;
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function masked(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, i) => {
    const left = Math.min(8, Math.max(0, bits - 8 * i));
    return byte & (0xff << (8 - left));
  });
}
