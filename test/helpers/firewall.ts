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

/** Everything gets through again. */
export function unblock(): void {
  execFileSync('nft', ['delete', 'table', ...TABLE.split(' ')]);
}
