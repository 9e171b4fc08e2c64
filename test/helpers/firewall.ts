/** Rules for the packets of the private network that a test runs in. */
import { execFileSync } from 'node:child_process';

const TABLE = 'inet test_firewall';

/** From now on no UDP gets through, as in many companies and hotels. */
export function blockUdp(): void {
  load(`table ${TABLE} {
    chain input { type filter hook input priority 0; meta l4proto udp drop; }
    chain output { type filter hook output priority 0; meta l4proto udp drop; }
  }`);
}

/** Everything gets through again. */
export function unblock(): void {
  execFileSync('nft', ['delete', 'table', ...TABLE.split(' ')]);
}

function load(rules: string): void {
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'inherit'] });
}
