import { test } from 'tap';
import { qrPath } from '../../../web/app/invite/qr-picture.tsx';

const MARGIN = 4;

/** Whether these modules, without the margin, are dark. */
function modulesOf({ size, dark }: NonNullable<ReturnType<typeof qrPath>>) {
  const places = new Set([...dark.matchAll(/M(\d+) (\d+)/g)].map(([, x, y]) => `${x},${y}`));
  return { count: size - 2 * MARGIN, isDark: (x: number, y: number) => places.has(`${x + MARGIN},${y + MARGIN}`) };
}

test('a code has its three corner patterns and a margin of four modules', async (t) => {
  const { count, isDark } = modulesOf(qrPath('https://voice.example.org/room/lobby')!);
  t.equal(count, 29, 'version 3');
  const corner = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111'];
  for (const [left, top] of [
    [0, 0],
    [count - 7, 0],
    [0, count - 7],
  ] as const) {
    const seen = corner.map((row, y) => [...row].map((_, x) => (isDark(left + x, top + y) ? '1' : '0')).join(''));
    t.same(seen, corner, `the corner at ${left},${top}`);
  }
  for (let n = -MARGIN; n < count + MARGIN; n++)
    for (const edge of [-1, -MARGIN, count, count + MARGIN - 1])
      if (isDark(n, edge) || isDark(edge, n)) t.fail(`the margin is dark at ${n},${edge}`);
});

test('different links have different codes, and what is too long for a camera has none', async (t) => {
  const link = (room: string) => `https://voice.example.org/room/${room}`;
  t.not(qrPath(link('a'))?.dark, qrPath(link('b'))?.dark);
  t.not(qrPath(link('部'.repeat(200))), null);
  t.equal(qrPath('x'.repeat(667)), null);
});
