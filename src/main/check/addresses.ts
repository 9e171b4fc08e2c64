/** Do browsers elsewhere reach the addresses that they are told? */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { Clock } from '../../lib/clock.ts';
import { parseEndpoint } from '../../lib/net/host-port.ts';
import { isBehindNat, isLoopback, localAddresses } from '../../lib/net/local-addresses.ts';
import { isPrivateAddress } from '../../lib/net/private-address.ts';
import { type CheckInput, type CheckResult, within } from './result.ts';

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
    const told = outside.join(', ');
    return {
      name,
      status: 'ok',
      text: `Browsers are told ${told}, where the domain leads, because all addresses here are private.`,
    };
  }
  if (config.announce.length === 0) {
    const addresses = config.mediaHost.length > 0 ? config.mediaHost : local;
    return ofBound(name, addresses, config);
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
          text: `The host name ${host} to announce is not known. Correct --announce, or the DNS.`,
        };
      addresses.push(...found.map(({ address }) => address));
    }
  }
  const told = addresses.join(', ');
  switch (widest(addresses)) {
    case 'anywhere':
      return { name, status: 'ok', text: `Browsers are told ${told}.` };
    case 'network':
      return {
        name,
        status: 'warn',
        text: `Browsers are told ${told}, which is reached only from inside your network. For others use --announce PUBLIC-IP.${ofLowPort(config)}`,
      };
    case 'machine':
      return {
        name,
        status: 'warn',
        text: `Browsers are told ${told}, which leads each of them to its own machine. Use --announce PUBLIC-IP.`,
      };
  }
}

function ofBound(name: string, addresses: readonly string[], config: Config): CheckResult {
  const told = addresses.filter((address) => !isLoopback(address)).join(', ');
  switch (widest(addresses)) {
    case 'anywhere':
      return { name, status: 'ok', text: `Browsers are told ${told}.` };
    case 'network':
      return {
        name,
        status: 'warn',
        text: `All addresses are private (${told}): browsers elsewhere will not reach them. For them use --announce PUBLIC-IP and forward the media ports.${ofLowPort(config)}`,
      };
    case 'machine':
      return {
        name,
        status: 'warn',
        text: 'Media is bound to the loopback interface only: browsers on other machines will not reach it. Leave out --media-host, or use --announce PUBLIC-IP.',
      };
  }
}

/** The public addresses that the names of this server lead to. */
async function domainOutside({ domain }: Config, clock: Clock): Promise<readonly string[]> {
  const found = await Promise.all(
    domain.map((name) => within(clock, LOOKUP_LIMIT_MS, lookup(name, { all: true })).catch(() => undefined)),
  );
  const addresses = found.flatMap((list) => list ?? []).map(({ address }) => address);
  return addresses.filter((address) => reachOf(address) === 'anywhere');
}

/** What is to say besides where all addresses are private. */
function ofLowPort({ mediaPort, announce }: Config): string {
  const ports = announce.length > 0 ? announce.map((text) => parseEndpoint(text)?.port ?? mediaPort) : [mediaPort];
  const low = ports.find((port) => port > 0 && port < 1024);
  if (low === undefined) return '';
  return ` Inside it Chromium takes no media port below 1024, ${low} neither: choose another --media-port.`;
}

function widest(addresses: readonly string[]): Reach {
  const reaches = addresses.map(reachOf);
  return reaches.includes('anywhere') ? 'anywhere' : reaches.includes('network') ? 'network' : 'machine';
}

function reachOf(address: string): Reach {
  if (isLoopback(address)) return 'machine';
  return isPrivateAddress(address) ? 'network' : 'anywhere';
}
