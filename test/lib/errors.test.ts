import { test } from 'tap';
import { AppError, ERRORS, toAppError } from '../../src/lib/errors.ts';

test('an error has the text of its code, and the details of this case', (t) => {
  const plain = new AppError('not_found');
  t.equal(plain.message, ERRORS.not_found.message);
  t.equal(plain.kind, ERRORS.not_found);
  t.equal(plain.retryAfterMs, undefined);
  t.equal(plain.name, 'AppError');
  const detailed = new AppError('rate_limited', 'Try later.', { retryAfterMs: 70 });
  t.equal(detailed.message, `${ERRORS.rate_limited.message} Try later.`);
  t.match(detailed, { code: 'rate_limited', retryAfterMs: 70 });
  t.end();
});

test('whatever is thrown, only errors from the table are reported', (t) => {
  const own = new AppError('not_found');
  t.equal(toAppError(own), own);
  for (const thrown of [new Error('the password is 1234'), 'text', undefined, null, { code: 'not_found' }]) {
    const told = toAppError(thrown);
    t.equal(told.code, 'internal');
    t.equal(told.message, ERRORS.internal.message);
  }
  t.end();
});

test('each kind has a sentence and matching codes', (t) => {
  for (const [code, { fault, httpStatus, closeCode, message }] of Object.entries(ERRORS)) {
    t.match(code, /^[a-z_]+$/);
    t.match(message, /^[A-Z].*\.$/s, code);
    t.ok(httpStatus === null || (httpStatus >= 400 && httpStatus < 600), code);
    if (fault === 'server' && httpStatus !== null) t.ok(httpStatus >= 500, code);
    t.ok(closeCode === null || (closeCode >= 1000 && closeCode < 5000), code);
  }
  t.end();
});
