// The entry of the one-file executable: everything in it is compressed, the code as well.
// From the first moment on: Node would open its inspector.
process.on('SIGUSR1', () => {});

const { getRawAsset } = require('node:sea');
const { Script } = require('node:vm');
const { brotliDecompressSync } = require('node:zlib');

const unpack = (name) => brotliDecompressSync(getRawAsset(name));
const script = new Script(unpack('main.js').toString('latin1'), {
  filename: 'main.js',
  // Where V8 does not take it (with other flags, say), it compiles the code.
  cachedData: unpack('main.cache'),
});
if (script.cachedDataRejected) process.emitWarning('the code is compiled anew, which makes the start slower');
script.runInThisContext()(require, module, exports);
