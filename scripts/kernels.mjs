// Builds the mixer's loops over samples: src/mixer/kernels/kernels.wat, WebAssembly as text, becomes simd-code.js
// beside it, which git ignores. Everything that bundles or runs the mixer calls this first. It does nothing while the
// text is unchanged.
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../src/mixer/kernels/', import.meta.url);
const SOURCE = new URL('kernels.wat', FOLDER);
const BUILT = new URL('simd-code.js', FOLDER);
/** Increase it when the output changes although the text does not. */
const FORMAT = 1;

/** If the text is wrong, rejects with the place of the error. */
export async function buildKernels() {
  const source = await readFile(SOURCE, 'utf8');
  const mark = `// ${createHash('sha256').update(`${FORMAT} ${source}`).digest('hex')}`;
  const before = await readFile(BUILT, 'utf8').catch(() => '');
  if (before.startsWith(mark)) return;
  const base64 = Buffer.from(await assemble(source)).toString('base64');
  // Atomic, because tests and builds may run at the same time.
  const file = fileURLToPath(BUILT);
  await writeFile(`${file}.${process.pid}`, `${mark}\nexport const SIMD_CODE = '${base64}';\n`);
  await rename(`${file}.${process.pid}`, file);
}

async function assemble(source) {
  // Loading it takes a fifth of a second, and most builds do not need it.
  const { default: load } = await import('wabt');
  const wabt = await load();
  const features = { simd: true };
  const module = wabt.parseWat('kernels.wat', source, features);
  try {
    module.resolveNames();
    module.validate(features);
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels();
