import { test } from 'tap';
import { PeerSeal } from '../../src/cluster/peer-seal.ts';

const SECRET = 'a secret that all nodes of this test have';

function sealOf({ secret = SECRET, incarnation = 'run 1' } = {}) {
  const at = { nowMs: 1_800_000_000_000 };
  return Object.assign(new PeerSeal({ secret, incarnation, nowMs: () => at.nowMs }), { at });
}

test('a ticket is good once, at the node for which it is, and for some seconds', (t) => {
  const [one, other] = [sealOf(), sealOf()];
  const { id, sealed } = other.issue('n2', 'run 1');
  t.match(one.accept(sealed), { id, from: 'n2', to: 'run 1' });
  t.equal(one.accept(sealed), undefined, 'it was used');
  t.equal(one.accept(other.issue('n2', 'run 2').sealed), undefined, 'it is for another run');
  t.equal(
    one.accept(sealOf({ secret: 'another secret, just as long as it is' }).issue('n2', 'run 1').sealed),
    undefined,
  );
  for (const wrong of ['', 'x', `${sealed.slice(0, -4)}AAAA`, 'A'.repeat(10_000)])
    t.equal(one.accept(wrong), undefined);
  const late = other.issue('n2', 'run 1').sealed;
  one.at.nowMs += 5001;
  t.equal(one.accept(late), undefined, 'it has lain about');
  const early = other.issue('n2', 'run 1').sealed;
  one.at.nowMs -= 2000;
  t.ok(one.accept(early), 'a clock may differ');
  one.at.nowMs += 7000;
  t.equal(one.accept(early), undefined, 'and it is remembered as long as it would count');
  t.end();
});

test('more tickets than can be remembered are refused, until the first have ended', (t) => {
  const [one, other] = [sealOf(), sealOf()];
  for (let i = 0; i < 20_000; i++)
    if (one.accept(other.issue('n2', 'run 1').sealed) === undefined) t.fail(`ticket ${i}`);
  t.equal(one.accept(other.issue('n2', 'run 1').sealed), undefined);
  one.at.nowMs += 10_001;
  other.at.nowMs += 10_001;
  t.ok(one.accept(other.issue('n2', 'run 1').sealed));
  t.end();
});

test('a body belongs to its ticket and its direction', (t) => {
  const seal = sealOf();
  const sealed = seal.sealBody('7', 'request', { operation: 'has' });
  t.notMatch(sealed, /has/);
  t.same(seal.openBody('7', 'request', sealed), { operation: 'has' });
  t.equal(seal.openBody('8', 'request', sealed), undefined);
  t.equal(seal.openBody('7', 'answer', sealed), undefined);
  t.end();
});
