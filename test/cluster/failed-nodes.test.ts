import { test } from 'tap';
import { EngineDown } from '../../src/cluster/engine.ts';
import { FailedNodes } from '../../src/cluster/failed-nodes.ts';

const N1 = { node: 'n1', incarnation: 'a' };

function setUp() {
  const asked: string[] = [];
  const failed: string[] = [];
  const answers: (boolean | Error)[] = [];
  const failures = new FailedNodes({
    engine: {
      reportFailure: async (incarnation, reporter) => {
        asked.push(`${reporter} of ${incarnation}`);
        const answer = answers.shift() ?? true;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    incarnation: 'here',
    onFailed: ({ node, incarnation }) => failed.push(`${node} ${incarnation}`),
  });
  return { failures, asked, failed, answers };
}

test('a node with many rooms has failed once, and again when it was started again', async (t) => {
  const { failures, asked, failed } = setUp();
  await Promise.all([failures.replaced(N1), failures.replaced(N1)]);
  await failures.replaced(N1);
  t.same(asked, ['here of a']);
  t.same(failed, ['n1 a']);
  await failures.replaced({ ...N1, incarnation: 'b' });
  t.same(failed, ['n1 a', 'n1 b']);
});

test('nothing is said if another node says it', async (t) => {
  const { failures, asked, failed, answers } = setUp();
  answers.push(false);
  await failures.replaced(N1);
  await failures.replaced(N1);
  t.equal(asked.length, 1);
  t.same(failed, []);
});

test('while the engine is away nobody knows who says it, so the next room decides', async (t) => {
  const { failures, failed, answers } = setUp();
  answers.push(new EngineDown('it is down'), new Error('it answers something else'));
  await failures.replaced(N1);
  await failures.replaced(N1);
  t.same(failed, []);
  await failures.replaced(N1);
  t.same(failed, ['n1 a']);
});

test('what is remembered has a bound', async (t) => {
  const { failures, asked } = setUp();
  for (let i = 0; i <= 1000; i++) await failures.replaced({ node: 'n1', incarnation: String(i) });
  await failures.replaced({ node: 'n1', incarnation: '1' });
  t.equal(asked.length, 1001);
  await failures.replaced({ node: 'n1', incarnation: '0' });
  t.equal(asked.length, 1002);
});
