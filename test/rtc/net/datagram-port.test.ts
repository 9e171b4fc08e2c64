import { test } from 'tap';
import { bindFailureInWords, isPortInUse } from '../../../src/rtc/net/datagram-port.ts';

const failure = (code: string) => Object.assign(new Error(`bind ${code} 127.0.0.1:80`), { code });

test('a failure to bind is described in words, without a final full stop', (t) => {
  for (const [code, words] of [
    ['EADDRINUSE', /^the port is in use$/],
    ['EADDRNOTAVAIL', /^this machine does not have the address$/],
    ['EACCES', /ports below 1024/],
    ['ENOBUFS', /^bind ENOBUFS 127\.0\.0\.1:80$/],
  ] as const) {
    t.match(bindFailureInWords(failure(code), 80), words);
  }
  t.equal(bindFailureInWords(new Error('without a code'), 80), 'without a code');
  t.equal(bindFailureInWords('no error at all', 80), 'no error at all');
  t.end();
});

test('a port in use is distinguished from every other failure', (t) => {
  t.equal(isPortInUse(failure('EADDRINUSE')), true);
  for (const other of [failure('EACCES'), new Error('x'), { code: 'EADDRINUSE' }, undefined]) {
    t.equal(isPortInUse(other), false);
  }
  t.end();
});
