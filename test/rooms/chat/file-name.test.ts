import fc from 'fast-check';
import { test } from 'tap';
import { fileName } from '../../../src/rooms/chat/file-name.ts';
import { cases } from '../../helpers/cases.ts';

test('a name stays as it is, without what could mislead or harm', (t) => {
  for (const [wanted, shown] of [
    ['cat.webp', 'cat.webp'],
    ['Écran 사진 (1).png', 'Écran 사진 (1).png'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ada\\cat.png', 'cat.png'],
    ['report\u202Egnp.exe', 'report_gnp.exe'],
    ['a\r\nSet-Cookie: x.png', 'a_Set-Cookie_ x.png'],
    ['.bashrc', 'bashrc'],
    ['', 'file'],
    ['///', 'file'],
    ['..', 'file'],
    [`${'x'.repeat(300)}.png`, 'x'.repeat(100)],
    [`${'x'.repeat(150)}.png`, `${'x'.repeat(96)}.png`],
  ] as const)
    t.equal(fileName(wanted), shown, JSON.stringify(wanted));
  t.end();
});

test('whatever is sent becomes a name that any file system takes', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (wanted) => {
      const shown = fileName(wanted);
      return shown.length > 0 && Array.from(shown).length <= 100 && !/[\p{Cc}\p{Cs}\\/:]|^\./u.test(shown);
    }),
    { numRuns: cases(500) },
  );
  t.end();
});
