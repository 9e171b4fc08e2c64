import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { errorMessage } from '../../src/signaling/error-message.ts';

test('a client is told the code, the request, and when to try again, as far as there are any', (t) => {
  const { message } = new AppError('server_busy');
  t.strictSame(errorMessage(new AppError('server_busy'), undefined), { type: 'error', code: 'server_busy', message });
  const later = new AppError('server_busy', undefined, { retryAfterMs: 500 });
  t.strictSame(errorMessage(later, 0), {
    type: 'error',
    code: 'server_busy',
    message,
    retryAfterMs: 500,
    requestId: 0,
  });
  t.end();
});

test('whoever is at the wrong server is told the right one, and nothing else', (t) => {
  const elsewhere = new AppError('room_elsewhere', undefined, { url: 'https://two.example.org' });
  t.strictSame(errorMessage(elsewhere, 7), { type: 'redirect', url: 'https://two.example.org' });
  t.end();
});
