import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isPrivateAddress } from './private-address.ts';

/** Interfaces created by software for containers and virtual machines, which other machines cannot reach. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|cali|lxc|lxd|podman|weave|kube)/;
const LINK_LOCAL_IPV6 = /^fe[89ab]/i;
const LINK_LOCAL_IPV4 = /^169\.254\./;
/** A machine may have hundreds, and browsers get only the first eight. Each takes two sockets in each worker. */
const MAX_OUTWARD_TO_BIND = 64;
const MAX_LOOPBACK_TO_BIND = 4;

/**
 * The addresses of this machine, most reachable first: physical interfaces, virtual ones, link-local IPv4, loopback.
 * Link-local IPv6 is excluded because it needs a zone, which a candidate cannot carry.
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

/** The addresses that media is bound to if the operator has not named any. */
export function addressesToBind(local: readonly string[] = localAddresses()): readonly string[] {
  const outward = local.filter((address) => !isLoopback(address)).slice(0, MAX_OUTWARD_TO_BIND);
  return [...outward, ...local.filter(isLoopback).slice(0, MAX_LOOPBACK_TO_BIND)];
}

/** Whether an interface of this name leads to containers or virtual machines on this machine only. */
export function isVirtualInterface(name: string): boolean {
  return VIRTUAL.test(name);
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Whether a host name or an address refers to this machine only. */
export function isLocalHost(host: string): boolean {
  return host === 'localhost' || isLoopback(host);
}

/**
 * Whether no address of this machine can be reached from outside. A host list of only loopback addresses is deliberate.
 */
export function isBehindNat(hosts: readonly string[], local = localAddresses()): boolean {
  const outward = (hosts.length > 0 ? hosts : local).filter((address) => !isLoopback(address));
  return outward.length > 0 && outward.every(isPrivateAddress);
}

function rankOf(name: string, address: string, internal: boolean): number {
  if (isLoopback(address)) return 3;
  if (LINK_LOCAL_IPV4.test(address)) return 2;
  // An address added to the loopback interface is meant for the outside.
  return isVirtualInterface(name) && !internal ? 1 : 0;
}
