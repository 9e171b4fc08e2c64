/** Copies everything that goes into the archive, besides the executable and the notices, into a folder. */
export function placeArchiveFiles(folder: string): Promise<void>;
