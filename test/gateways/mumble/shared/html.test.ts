import * as fc from 'fast-check';
import { test } from 'tap';
import { fromHtml, MAX_HTML_LENGTH, toHtml } from '../../../../src/gateways/mumble/shared/html.ts';

test('text is shown as it is', async (t) => {
  t.equal(toHtml('a < b & "c" > d\ne'), 'a &lt; b &amp; &quot;c&quot; &gt; d<br>e');
});

test('HTML becomes plain text', async (t) => {
  const cases: readonly (readonly [html: string, text: string])[] = [
    ['<p>One</p><p>Two<br/>Three</p>', 'One\nTwo\nThree'],
    ['<a href="https://example.org/?a=1&amp;b=2">link</a>', 'link'],
    ['<img src="data:image/png;base64,AAAA"/>text', 'text'],
    ['<style>p { color: red }</style><script>alert(1)</script>x<!-- y -->', 'x'],
    ['<script>never ends', ''],
    ['a&nbsp;b &lt;b&gt; &#65;&#x42; &amp;lt; &bogus; &#0; &#xd800;', 'a b <b> AB &lt; &bogus;'],
    ['<b onclick="x">bold</b> 1 < 2', 'bold 1 < 2'],
    ['cut <b', 'cut'],
    ['line\r\nbreaks in HTML', 'line breaks in HTML'],
    ['  <p>  spaces </p>  ', 'spaces'],
  ];
  for (const [html, text] of cases) t.equal(fromHtml(html), text, html);
});

test('text survives the way there and back', (t) => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\p{Cc}\u2028\u2029]/gu, '').trim());
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const text = lines.join('\n').trim();
      return fromHtml(toHtml(text)) === text;
    }),
  );
  t.end();
});

test('only the beginning of an endless text is read, in little time', async (t) => {
  t.equal(fromHtml('x'.repeat(10 * MAX_HTML_LENGTH)).length, MAX_HTML_LENGTH);
  const startMs = performance.now();
  for (const part of ['<', '<style>', '<!--', '&#', '</p', '<a ']) fromHtml(part.repeat(MAX_HTML_LENGTH));
  const endMs = performance.now();
  fromHtml('x '.repeat(MAX_HTML_LENGTH));
  t.ok(endMs - startMs < 2000, `${endMs - startMs} ms`);
});

test('tags that never end take no longer than others', async (t) => {
  const leastMs = (part: string): number => {
    const html = part.repeat(MAX_HTML_LENGTH / part.length);
    const times = Array.from({ length: 9 }, () => {
      const startMs = performance.now();
      fromHtml(html);
      return performance.now() - startMs;
    });
    return Math.min(...times);
  };
  const plainMs = leastMs('<br>');
  for (const part of ['<br', '<style', '</p', '<title ']) {
    const ms = leastMs(part);
    t.ok(ms < 20 * plainMs, `${part}: ${ms} ms, and others ${plainMs} ms`);
  }
});
