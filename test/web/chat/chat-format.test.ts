import fc from 'fast-check';
import { test } from 'tap';
import { type ChatPart, partsOf } from '../../../web/app/chat/chat-format.ts';

const links = (text: string) =>
  partsOf(text).filter((part): part is ChatPart & { kind: 'link' } => part.kind === 'link');

test('addresses become links, without what belongs to the sentence', async (t) => {
  t.same(partsOf('see https://example.org/a?b=c#d.'), [
    { kind: 'text', text: 'see ' },
    { kind: 'link', text: 'https://example.org/a?b=c#d', href: 'https://example.org/a?b=c#d', host: null },
    { kind: 'text', text: '.' },
  ]);
  t.equal(links('(http://a.example) and https://b.example/x!').length, 2);
});

test('bold and code are the only marks, and nothing else is markup', async (t) => {
  t.same(partsOf('**now** run `rm -rf **` ok'), [
    { kind: 'bold', text: 'now' },
    { kind: 'text', text: ' run ' },
    { kind: 'code', text: 'rm -rf **' },
    { kind: 'text', text: ' ok' },
  ]);
  for (const text of ['<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '# title', '![x](https:)'])
    t.notOk(
      partsOf(text).some(({ kind }) => kind !== 'text'),
      text,
    );
});

test('only web addresses are links', async (t) => {
  for (const text of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'ftp://x.example',
    'https://',
    'http://[::1',
    'https://bank.example@evil.example/',
    'https://user:secret@evil.example/',
  ])
    t.same(links(text), [], text);
});

test('where an address leads is shown if its text does not show that', async (t) => {
  t.match(links('https://\u0430pple.com/'), [{ host: 'xn--pple-43d.com' }]);
  t.match(links('https://EXAMPLE.org/'), [{ host: 'example.org' }]);
  t.match(links('https://example.org:443/'), [{ host: null }]);
  t.match(links('https://\uff45xample.org/'), [{ host: 'example.org' }]);
});

test('every part is text of the message, in order, and every link is http or https', async () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('**', '`', 'https://', 'http://a.b', 'javascript:', '\n', ' ', '@', '<b>', '\u202e'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      let rest = text;
      for (const part of partsOf(text)) {
        const at = rest.indexOf(part.text);
        if (at < 0 || at > 2) return false;
        rest = rest.slice(at + part.text.length);
        if (part.kind === 'link' && !/^https?:\/\//.test(part.href)) return false;
      }
      return rest.length <= 2;
    }),
  );
});
