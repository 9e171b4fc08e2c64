import { language } from './language.ts';
import type { LateTable } from './locales/late/en.ts';

/**
 * The texts of the panels that are loaded when they are needed. Import it only in these panels: whoever imports it waits
 * until the texts are there, and fails to load if they cannot be loaded.
 */
export const lateStrings: LateTable = (await load()).table;

/** English takes the place of a language that cannot be loaded. */
function load(): Promise<{ readonly table: LateTable }> {
  return language.loadLate().catch(() => import('./locales/late/en.ts'));
}
