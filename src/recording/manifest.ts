/** `manifest.json`, which says what a recording is. It is replaced as a whole, so that it is never half-written. */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MANIFEST } from './file-names.ts';

export const OWNER_ONLY = 0o600;
/** A manifest with ten thousand people has half of this. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

const time = () => z.string().refine((text) => !Number.isNaN(Date.parse(text)));
const count = () => z.number().min(0);

const trackSchema = z.object({
  /** The name of the file in the folder. */
  file: z.string().regex(/^[\p{L}\p{N}-]+\.opus$/u),
  kind: z.enum(['mix', 'participant']),
  participantId: z.string().nullable(),
  identity: z.string().nullable(),
  name: z.string().nullable(),
  bytes: count(),
  /** How long they spoke; null for the mix. */
  talkMs: count().nullable(),
  /** How much faster their clock runs than the server's, in millionths; null: not known. */
  driftPpm: z.number().nullable(),
  packets: count(),
  /** Lost packets that the decoder bridges. */
  concealedMs: count(),
  /** Packets for which there was no place in time. */
  leftOut: count(),
  /** Packets that were not recorded because the disk was too slow. */
  dropped: count(),
});

const personSchema = z.object({
  participantId: z.string(),
  identity: z.string().nullable(),
  name: z.string(),
  /** When they were in the room, in milliseconds since the start; without an end, they still are. */
  present: z.array(z.object({ fromMs: count(), toMs: count().nullable() })),
  /** When they agreed to be recorded; null: they were only told. */
  agreedAt: time().nullable(),
});

const uploadSchema = z.object({
  /** `uploaded`: the storage has confirmed it. */
  state: z.enum(['waiting', 'uploaded']),
  at: time().nullable(),
  /** Of the latest attempt. */
  error: z.string().nullable(),
});

export const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  room: z.string(),
  title: z.string(),
  state: z.enum(['recording', 'finished', 'failed']),
  startedAt: time(),
  endedAt: time().nullable(),
  reason: z
    .enum(['stopped', 'room_ended', 'time', 'size', 'disk_full', 'disk_failed', 'server_closing', 'interrupted'])
    .nullable(),
  durationMs: count().nullable(),
  consent: z.enum(['notice', 'required']),
  startedBy: z.object({
    by: z.enum(['api', 'room', 'participant']),
    identity: z.string().nullable(),
    name: z.string().nullable(),
  }),
  tracks: z.array(trackSchema),
  people: z.array(personSchema),
  /** The copy in another storage; null if there is none and none is wanted. */
  upload: uploadSchema.nullable().default(null),
  /** Which process writes it. */
  writer: z.object({ host: z.string(), pid: count() }),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestUpload = z.output<typeof uploadSchema>;
export type ManifestTrack = z.output<typeof trackSchema>;
export type ManifestPerson = z.output<typeof personSchema>;

/** Replaces the manifest of a folder. Rejects with a system error. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  const file = await open(`${path}.new`, 'w', OWNER_ONLY);
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** Undefined if the folder has no manifest, or one that is not ours. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    const text = await readFile(join(folder, MANIFEST), 'utf8');
    if (text.length > MAX_MANIFEST_BYTES) return undefined;
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
