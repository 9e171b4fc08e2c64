// The entry of the one-file executable: everything in it is compressed, the code as well.
const { getRawAsset } = require('node:sea');
const { compileFunction } = require('node:vm');
const { brotliDecompressSync } = require('node:zlib');

const code = brotliDecompressSync(getRawAsset('main.js')).toString();
compileFunction(code, ['require', 'module', 'exports'], { filename: 'main.js' })(require, module, exports);
