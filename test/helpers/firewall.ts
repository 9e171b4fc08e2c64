/** Rules for the packets of the private network that a test runs in. */
import { execFileSync } from 'node:child_process';

const TABLE = 'inet test_firewall';

/** From now on no UDP arrives, as in many companies and hotels; who sends it is not told. */
export function blockUdp(): void {
  const rules = `table ${TABLE} {
    chain input { type filter hook input priority 0; meta l4proto udp drop; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** From now on nothing arrives but by this port number, and what a test says to a browser on its own machine. */
export function letInOnly(port: number, protocols: readonly ('tcp' | 'udp')[]): void {
  // Both ends are on this machine, so what is sent back arrives as well.
  const accepted = protocols.flatMap((protocol) => [
    `${protocol} dport ${port} accept`,
    `${protocol} sport ${port} accept`,
  ]);
  const rules = `table ${TABLE} {
    chain input { type filter hook input priority 0; policy drop; ip saddr 127.0.0.0/8 accept; ${accepted.join('; ')}; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** Everything gets through again. */
export function unblock(): void {
  execFileSync('nft', ['delete', 'table', ...TABLE.split(' ')]);
}
