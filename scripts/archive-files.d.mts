/** Copies what goes into the archive beside the executable and the notices into a folder. */
export function placeArchiveFiles(folder: string): Promise<void>;
