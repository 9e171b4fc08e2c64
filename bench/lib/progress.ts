/**
 * Shows a line that is rewritten in place on a terminal, and nothing elsewhere. Results go to stdout, this goes to
 * stderr.
 */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

export function clearProgress(): void {
  showProgress('');
}
