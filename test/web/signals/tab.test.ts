import { test } from 'tap';
import { tabIcon } from '../../../web/app/signals/tab.ts';

test('the icon of the tab tells three states apart, as images that the policy of the page allows', async (t) => {
  const icons = (['open', 'muted', 'talking'] as const).map(tabIcon);
  t.equal(new Set(icons).size, 3);
  for (const icon of icons) t.match(icon, /^data:image\/svg\+xml,%3Csvg/);
});
