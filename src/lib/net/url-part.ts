/** A part of a URL's path without its percent-encoding; undefined if it is not encoded correctly. */
export function decodedPart(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
