/** Rules for packets in the private network that a test runs in. */
import { execFileSync } from 'node:child_process';

const TABLE = 'inet test_firewall';

/** From now on no UDP arrives, as in many companies and hotels. Senders are not told. */
export function blockUdp(): void {
  const rules = `table ${TABLE} {
    chain input { type filter hook input priority 0; meta l4proto udp drop; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** From now on no UDP arrives that comes from or goes to this port number. */
export function blockUdpAt(port: number): void {
  const rules = `table ${TABLE} {
    chain input { type filter hook input priority 0; udp dport ${port} drop; udp sport ${port} drop; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}

/**
 * From now on packets arrive only at this port number. What a test exchanges with a browser on its own machine still
 * arrives.
 */
export function letInOnly(port: number, protocols: readonly ('tcp' | 'udp')[]): void {
  // Both ends are on this machine, so replies arrive here as well.
  const accepted = protocols.flatMap((protocol) => [
    `${protocol} dport ${port} accept`,
    `${protocol} sport ${port} accept`,
  ]);
  const rules = `table ${TABLE}
  flush table ${TABLE}
  table ${TABLE} {
    chain input { type filter hook input priority 0; policy drop; ip saddr 127.0.0.0/8 accept; ${accepted.join('; ')}; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** From now on nothing arrives but what a test exchanges with a browser on its own machine. Replaces other rules. */
export function blockAll(): void {
  letInOnly(9, []);
}

/** Lets everything through again. */
export function unblock(): void {
  execFileSync('nft', ['delete', 'table', ...TABLE.split(' ')]);
}
