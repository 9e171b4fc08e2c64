import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isPrivateAddress } from './private-address.ts';

/** Made by software for containers and virtual machines on this machine, which nobody else reaches. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|cali|lxc|lxd|podman|weave|kube)/;
const LINK_LOCAL_IPV6 = /^fe[89ab]/i;
const LINK_LOCAL_IPV4 = /^169\.254\./;

/**
 * The addresses of this machine, those first by which others are likely to reach it: of its network interfaces, then of virtual ones, then
 * link-local IPv4, then loopback. Without link-local IPv6, which needs a zone that a candidate cannot carry.
 */
export function localAddresses(
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): readonly string[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, internal }) => ({ address, rank: rankOf(name, address, internal) })),
  );
  const usable = found.filter(({ address }) => !LINK_LOCAL_IPV6.test(address));
  return [...new Set(usable.sort((a, b) => a.rank - b.rank).map(({ address }) => address))];
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Whether a host name or address leads to this machine only. */
export function isLocalHost(host: string): boolean {
  return host === 'localhost' || isLoopback(host);
}

/** Nobody outside reaches this machine by an address of its own. Who gives only loopback addresses means these. */
export function isBehindNat(hosts: readonly string[], local = localAddresses()): boolean {
  const outward = (hosts.length > 0 ? hosts : local).filter((address) => !isLoopback(address));
  return outward.length > 0 && outward.every(isPrivateAddress);
}

function rankOf(name: string, address: string, internal: boolean): number {
  if (isLoopback(address)) return 3;
  if (LINK_LOCAL_IPV4.test(address)) return 2;
  // An address that somebody has given to the loopback interface is for the outside.
  return VIRTUAL.test(name) && !internal ? 1 : 0;
}
