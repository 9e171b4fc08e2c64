/** Finishes what a server that died has left: files end at their last whole page, and the manifest says so. */
import { open, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { endOggPage } from '../formats/ogg-page.ts';
import { OggRepair, type OggState } from '../formats/ogg-reader.ts';
import { isoTime, type Millis } from '../lib/clock.ts';
import { MANIFEST, RESERVE } from './file-names.ts';
import { type Manifest, type ManifestTrack, writeManifest } from './manifest.ts';
import { SAMPLES_PER_MS } from './track-clock.ts';

const PIECE_BYTES = 256 * 1024;
/** A recording that runs changes its files far more often. */
const ABANDONED_AFTER_MS: Millis = 120_000;

/**
 * Repairs one Ogg file in place. Returns its samples, or null if there is no sound in it. Rejects with a system error.
 */
export async function repairOggFile(path: string): Promise<OggState | null> {
  const file = await open(path, 'r+');
  try {
    const repair = new OggRepair();
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, at);
      if (bytesRead === 0) break;
      repair.read(Uint8Array.from(piece.subarray(0, bytesRead)));
      at += bytesRead;
    }
    const state = repair.end();
    if (state.length === 0) return null;
    await file.truncate(state.length);
    if (!state.isEnded) {
      const page = Buffer.alloc(state.length - state.lastPageAt);
      await file.read(page, 0, page.length, state.lastPageAt);
      endOggPage(page);
      await file.write(page, 0, page.length, state.lastPageAt);
    }
    return state;
  } finally {
    await file.close();
  }
}

/** Whether the process that writes this recording is still there. */
export async function isBeingWritten(
  folder: string,
  { writer, tracks }: Manifest,
  wallNowMs: Millis,
): Promise<boolean> {
  // Processes of other hosts, or containers, cannot be asked, so only the files say.
  if (writer.host === hostname() && (writer.pid === process.pid || !isAlive(writer.pid))) return false;
  const files = [MANIFEST, ...tracks.map(({ file }) => file)];
  const changed = await Promise.all(files.map((file) => stat(join(folder, file)).catch(() => undefined)));
  const latestMs = Math.max(0, ...changed.map((found) => found?.mtimeMs ?? 0));
  return wallNowMs - latestMs < ABANDONED_AFTER_MS;
}

/** Repairs an interrupted recording, and returns its manifest from then on. Rejects with a system error. */
export async function repairRecording(folder: string, manifest: Manifest): Promise<Manifest> {
  let durationMs = 0;
  const tracks: ManifestTrack[] = [];
  for (const track of manifest.tracks) {
    const path = join(folder, track.file);
    const state = await repairOggFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (state === null) continue;
    durationMs = Math.max(durationMs, Math.round(state.samples / SAMPLES_PER_MS));
    tracks.push({ ...track, bytes: state.length });
  }
  await rm(join(folder, RESERVE), { force: true });
  const repaired: Manifest = {
    ...manifest,
    state: 'finished',
    reason: 'interrupted',
    endedAt: isoTime(Date.parse(manifest.startedAt) + durationMs),
    durationMs,
    tracks,
    people: manifest.people.map((person) => ({
      ...person,
      present: person.present.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? Math.max(fromMs, durationMs) })),
    })),
  };
  await writeManifest(folder, repaired);
  return repaired;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
