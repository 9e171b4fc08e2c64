/** Checks whether browsers elsewhere can reach the announced addresses. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import { type Clock, within } from '../../lib/clock.ts';
import { parseEndpoint } from '../../lib/net/host-port.ts';
import { isBehindNat, isLoopback, localAddresses } from '../../lib/net/local-addresses.ts';
import { isPrivateAddress } from '../../lib/net/private-address.ts';
import type { CheckInput, CheckResult } from './result.ts';

const LOOKUP_LIMIT_MS = 3000;

type Reach = 'anywhere' | 'network' | 'machine';

/** @param local the addresses of this machine */
export async function checkAddresses(
  { config, clock }: CheckInput,
  local: readonly string[] = localAddresses(),
): Promise<CheckResult> {
  const name = 'addresses for media';
  const outside =
    config.announce.length === 0 && isBehindNat(config.mediaHost, local) ? await domainOutside(config, clock) : [];
  if (outside.length > 0) {
    const listed = outside.join(', ');
    return {
      name,
      status: 'ok',
      text: `Media addresses: ${listed}. The domain resolves to them, and all addresses of this machine are private.`,
    };
  }
  if (config.announce.length === 0) {
    const addresses = config.mediaHost.length > 0 ? config.mediaHost : local;
    return boundAddressesFinding(name, addresses, config);
  }
  const addresses: string[] = [];
  for (const text of config.announce) {
    const host = parseEndpoint(text)?.host ?? text;
    if (isIP(host) !== 0) addresses.push(host);
    else {
      const found = await within(clock, LOOKUP_LIMIT_MS, lookup(host, { all: true })).catch(() => undefined);
      if (found === undefined)
        return {
          name,
          status: 'fail',
          text: `The announced host name ${host} cannot be resolved. Correct --announce or the DNS.`,
        };
      addresses.push(...found.map(({ address }) => address));
    }
  }
  const listed = addresses.join(', ');
  switch (widest(addresses)) {
    case 'anywhere':
      return { name, status: 'ok', text: `Media addresses: ${listed}.` };
    case 'network':
      return {
        name,
        status: 'warn',
        text: `Media addresses: ${listed}, reachable only inside your network. For others use --announce PUBLIC-IP.${lowPortAdvice(config)}`,
      };
    case 'machine':
      return {
        name,
        status: 'warn',
        text: `Media addresses: ${listed}. Every browser would connect to its own machine. Use --announce PUBLIC-IP.`,
      };
  }
}

function boundAddressesFinding(name: string, addresses: readonly string[], config: Config): CheckResult {
  const listed = addresses.filter((address) => !isLoopback(address)).join(', ');
  switch (widest(addresses)) {
    case 'anywhere':
      return { name, status: 'ok', text: `Media addresses: ${listed}.` };
    case 'network':
      return {
        name,
        status: 'warn',
        text: `All media addresses are private (${listed}), so browsers elsewhere cannot reach them. For others use --announce PUBLIC-IP and forward the media ports.${lowPortAdvice(config)}`,
      };
    case 'machine':
      return {
        name,
        status: 'warn',
        text: `${loopbackOnly(config)} or use --announce PUBLIC-IP.`,
      };
  }
}

function loopbackOnly({ mediaHost }: Config): string {
  return mediaHost.length > 0
    ? 'Media is bound to the loopback interface only, so browsers on other machines cannot reach it. Remove --media-host,'
    : 'This machine has only loopback addresses now, so browsers on other machines cannot reach it. The server keeps looking, and uses an address as soon as there is one. Connect the machine to a network,';
}

/** The public addresses that this server's names resolve to. */
async function domainOutside({ domain }: Config, clock: Clock): Promise<readonly string[]> {
  const found = await Promise.all(
    domain.map((name) => within(clock, LOOKUP_LIMIT_MS, lookup(name, { all: true })).catch(() => undefined)),
  );
  const addresses = found.flatMap((list) => list ?? []).map(({ address }) => address);
  return addresses.filter((address) => reachOf(address) === 'anywhere');
}

/** An additional warning if all addresses are private. */
function lowPortAdvice({ mediaPort, announce }: Config): string {
  const ports = announce.length > 0 ? announce.map((text) => parseEndpoint(text)?.port ?? mediaPort) : [mediaPort];
  const low = ports.find((port) => port > 0 && port < 1024);
  if (low === undefined) return '';
  return ` Chromium accepts no media port below 1024 at private addresses, so it does not accept ${low}: choose another --media-port.`;
}

function widest(addresses: readonly string[]): Reach {
  const reaches = addresses.map(reachOf);
  return reaches.includes('anywhere') ? 'anywhere' : reaches.includes('network') ? 'network' : 'machine';
}

function reachOf(address: string): Reach {
  if (isLoopback(address)) return 'machine';
  return isPrivateAddress(address) ? 'network' : 'anywhere';
}
