// Runs the code of the one-file executable and writes what V8 has compiled by then: binary-cache.cjs CODE CACHE
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [code, cache] = process.argv.splice(2);
const script = new Script(readFileSync(code, 'latin1'), { filename: 'main.js' });
// At startup the codec is unpacked first. Until then nothing depends on time, network or chance.
const sea = { isSea: () => true, getRawAsset: () => process.exit() };
process.once('exit', () => writeFileSync(cache, script.createCachedData()));
script.runInThisContext()((name) => (name === 'node:sea' ? sea : require(name)), module, exports);
