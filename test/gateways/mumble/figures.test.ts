import { test } from 'tap';
import { NO_VOICE, sumOfVoice } from '../../../src/gateways/mumble/figures.ts';

test('figures of sessions are added', async (t) => {
  const one = { ...NO_VOICE, inByUdp: 1, late: 2 };
  t.same(sumOfVoice(one, { ...NO_VOICE, inByUdp: 3, resyncs: 4 }), { ...NO_VOICE, inByUdp: 4, late: 2, resyncs: 4 });
  t.same(one, { ...NO_VOICE, inByUdp: 1, late: 2 });
});
