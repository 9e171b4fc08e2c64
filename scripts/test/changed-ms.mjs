import { statSync } from 'node:fs';

/** When the file was last changed, in ms since 1970; 0 if it does not exist. */
export function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
