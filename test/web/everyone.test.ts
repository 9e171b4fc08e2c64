import { signal } from '@preact/signals';
import { type Test, test } from 'tap';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import { Everyone } from '../../web/app/everyone.ts';
import { VoiceError } from '../../web/sdk/voice-error.ts';
import type { PeoplePage, PeopleQuery } from '../../web/sdk/voice-events.ts';
import { eventually } from '../helpers/eventually.ts';
import { person } from './fake-browser.ts';

function setUp(t: Test) {
  const asked: PeopleQuery[] = [];
  const answers: ((answer: PeoplePage | Error) => void)[] = [];
  const found = signal<readonly ParticipantInfo[]>([]);
  const listPeople = (query: PeopleQuery = {}) => {
    asked.push(query);
    return new Promise<PeoplePage>((resolve, reject) => {
      answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    });
  };
  const everyone = new Everyone({ listPeople }, found);
  t.teardown(() => everyone.clear());
  const ids = () => found.value.map(({ id }) => id);
  return { everyone, asked, answers, ids };
}

test('pages are loaded one after the other, and nobody twice', async (t) => {
  const { everyone, asked, answers, ids } = setUp(t);
  everyone.search('', false);
  await eventually(() => asked.length === 1);
  everyone.more();
  t.equal(asked.length, 1, 'one at a time');
  answers[0]!({ participants: [person('a'), person('b')], next: '2' });
  await eventually(() => everyone.hasMore.value);
  everyone.more();
  t.same(asked, [{ search: '' }, { search: '', after: '2' }]);
  answers[1]!({ participants: [person('b'), person('c')], next: null });
  await eventually(() => !everyone.hasMore.value);
  t.same(ids(), ['a', 'b', 'c']);
  everyone.more();
  t.equal(asked.length, 2);
  everyone.clear();
  t.same(ids(), []);
});

test('an answer to an earlier search is ignored', async (t) => {
  const { everyone, asked, answers, ids } = setUp(t);
  everyone.search(' a ', false);
  await eventually(() => asked.length === 1);
  everyone.search('ab', false);
  await eventually(() => asked.length === 2);
  answers[1]!({ participants: [person('ab')], next: null });
  await eventually(() => ids().length === 1);
  answers[0]!({ participants: [person('ac')], next: '9' });
  await new Promise((resolve) => setImmediate(resolve));
  t.same(ids(), ['ab']);
  t.equal(everyone.hasMore.value, false);
  t.same(asked, [{ search: 'a' }, { search: 'ab' }]);
});

test('it waits if the server is busy, and says so if it cannot', async (t) => {
  const { everyone, asked, answers, ids } = setUp(t);
  everyone.search('', false);
  await eventually(() => asked.length === 1);
  answers[0]!(new VoiceError('server_busy', '', 1));
  await eventually(() => asked.length === 2);
  answers[1]!({ participants: [person('a')], next: null });
  await eventually(() => ids().length === 1);
  t.equal(everyone.hasFailed.value, false);
  everyone.search('', false);
  await eventually(() => asked.length === 3);
  answers[2]!(new VoiceError('unreachable', ''));
  await eventually(() => everyone.hasFailed.value);
  t.equal(everyone.isLoading.value, false);
  everyone.search('', false);
  for (let attempt = 4; attempt <= 6; attempt++) {
    await eventually(() => asked.length === attempt);
    answers[attempt - 1]!(new VoiceError('server_busy', '', 1));
  }
  await eventually(() => everyone.hasFailed.value);
  t.equal(asked.length, 6);
});
