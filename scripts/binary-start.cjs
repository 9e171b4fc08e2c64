// The entry of the one-file executable. Everything in it is compressed, including the code. This handler comes first,
// because otherwise the signal would open Node's inspector.
process.on('SIGUSR1', () => {});

const { getRawAsset } = require('node:sea');
const { Script } = require('node:vm');
const { brotliDecompressSync } = require('node:zlib');

const unpack = (name) => brotliDecompressSync(getRawAsset(name));
const script = new Script(unpack('main.js').toString('latin1'), {
  filename: 'main.js',
  // If V8 rejects the cache (because of other flags, for example), it compiles the code.
  cachedData: unpack('main.cache'),
});
if (script.cachedDataRejected) process.emitWarning('the code is compiled anew, which makes the start slower');
script.runInThisContext()(require, module, exports);
