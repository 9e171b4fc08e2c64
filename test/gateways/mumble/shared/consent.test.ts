import { test } from 'tap';
import { isAgreement, recordingWords } from '../../../../src/gateways/mumble/shared/consent.ts';

test('agreeing is one word, with or without a sign before it', async (t) => {
  for (const text of ['/agree', '!agree', ' Agree ', 'AGREE']) t.ok(isAgreement(text), text);
  for (const text of ['I agree', '//agree', 'agreed', '']) t.notOk(isAgreement(text), text);
});

test('who must agree is told how', async (t) => {
  t.match(recordingWords(true), '/agree');
  t.notMatch(recordingWords(false), '/agree');
});
