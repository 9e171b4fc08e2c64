import { test } from 'tap';
import { answerListPing } from '../../../src/gateways/mumble/list-ping.ts';

const facts = () => ({ users: 7, maxUsers: 50 });
const answer = (hex: string): string | null => {
  const bytes = answerListPing(Buffer.from(hex, 'hex'), facts);
  return bytes && Buffer.from(bytes).toString('hex');
};

test('each generation is answered in its own format', async (t) => {
  t.equal(answer('000000000102030405060708'), '00010500010203040506070800000007000000320001fbd0');
  t.equal(answer('0108051001'), '0108051880808080d080402007283230d0f707');
});

test('nothing else is answered', async (t) => {
  const others = ['', '00', '0000000001020304050607', '00000000010203040506070809', '000000010102030405060708'];
  for (const hex of [...others, '010805', '01080510', '0108051000', '010805100118 05'.replace(' ', ''), '02080510 01'])
    t.equal(answer(hex), null, hex);
  t.equal(answer(`0108051001${'5001'.repeat(20)}`), null, 'a long question');
});
