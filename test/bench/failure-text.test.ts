import { test } from 'tap';
import { failureText } from '../../bench/lib/failure-text.ts';

test('a failure with a message shows that message', async (t) => {
  t.equal(failureText(new Error('no answer within 20 s')), 'no answer within 20 s');
});

test('a connection that failed on every address gives the reason for each', async (t) => {
  const error = new AggregateError([
    new Error('connect ECONNREFUSED ::1:1'),
    new Error('connect ECONNREFUSED 127.0.0.1:1'),
  ]);
  t.equal(failureText(error), 'AggregateError; connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1');
});

test('an error without a message is shown by its name and code', async (t) => {
  t.equal(failureText(Object.assign(new Error(''), { code: 'EMFILE' })), 'Error EMFILE');
  t.equal(failureText(''), 'it failed without a message');
});

test('the cause is shown as well, and a cause that refers to itself does not loop', async (t) => {
  t.equal(failureText(new Error('could not join', { cause: new Error('EADDRINUSE') })), 'could not join; EADDRINUSE');
  const circular = new Error('again');
  circular.cause = circular;
  t.equal(failureText(circular), 'again; again; again; again');
});
