/** What the test files of one process share until the last of them has ended. */
let isRunning = false;
const ends = [];

/** From now on, several files run in this process. */
export function beginGroup() {
  isRunning = true;
}

/** Whether further files may follow in this process. */
export function isGroup() {
  return isRunning;
}

/** Calls this function after the last file. */
export function atGroupEnd(end) {
  ends.push(end);
}

export async function endGroup() {
  for (const end of ends.splice(0)) await end();
}
