// What it takes to build the one-file executable for a platform: a Node for it, its build of the codec, and tools that
// understand its files.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ADDON = '@discordjs/opus';
/** The Debian packages that build for another platform, and try the result. */
export const CROSS_PACKAGES = ['g++-aarch64-linux-gnu', 'qemu-user-static'];
/** Prefix of the compiler's tools, emulator, and the folder with the platform's own libraries, as in Debian. */
const OTHERS = {
  'linux-arm64': {
    arch: 'arm64',
    tools: 'aarch64-linux-gnu-',
    emulator: 'qemu-aarch64-static',
    root: '/usr/aarch64-linux-gnu',
  },
};
const NODE_LICENSES = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/node/LICENSE', 'share/doc/nodejs/copyright'];

/** The platform on which this runs. */
export function hostPlatform() {
  return {
    name: `${process.platform}-${process.arch}`,
    os: process.platform,
    node: process.execPath,
    /** How to run a program of this platform. */
    command: (program) => [program],
    strip: 'strip',
    objdump: 'objdump',
    addon: addonFile,
    nodeLicense: () => licenseBeside(process.execPath, 'name it with --node-license FILE'),
  };
}

/**
 * Another platform. Gets its Node from npm and compiles the codec, with files in this directory.
 * @param name `linux-arm64`
 */
export function otherPlatform(name, directory) {
  const found = OTHERS[name];
  if (found === undefined)
    throw new Error(`${name} is not a platform that this can build for: ${Object.keys(OTHERS).join(', ')}`);
  const { arch, tools, emulator, root } = found;
  for (const tool of [`${tools}g++`, `${tools}strip`, emulator]) {
    if (spawnSync(tool, ['--version']).error !== undefined)
      throw new Error(`${tool} is missing; on Debian: apt-get install ${CROSS_PACKAGES.join(' ')}`);
  }
  const node = fetchNode(name, directory);
  let addon;
  return {
    name,
    os: 'linux',
    node,
    command: (program) => [emulator, '-L', root, program],
    strip: `${tools}strip`,
    objdump: `${tools}objdump`,
    addon: () => {
      addon ??= compileAddon({ arch, tools, node, directory });
      return addon;
    },
    nodeLicense: () => licenseBeside(node, 'the package of Node has changed'),
  };
}

/** The licence of a Node. It covers everything inside it. Throws if it is not where Node's packages put it. */
function licenseBeside(node, advice) {
  const prefix = resolve(dirname(node), '..');
  const file = NODE_LICENSES.map((name) => join(prefix, name)).find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`Node's LICENSE is not below ${prefix}; ${advice}`);
  return file;
}

/** The file that npm built or downloaded for this Node. */
function addonFile() {
  const manifest = createRequire(import.meta.url).resolve(`${ADDON}/package.json`);
  return createRequire(manifest)('@discordjs/node-pre-gyp').find(manifest);
}

/** The package of the same version as the Node that runs this; npm verifies it. */
function fetchNode(name, directory) {
  const spec = `node-${name}@${process.versions.node}`;
  const folder = join(directory, 'node');
  mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['pack', spec, '--pack-destination', folder], { stdio: 'pipe' });
  const [archive] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  execFileSync('tar', ['-xzf', join(folder, archive), '-C', folder]);
  rmSync(join(folder, archive));
  return join(folder, 'package/bin/node');
}

/** Compiles the codec as npm does for this platform. Returns the path of the file. */
function compileAddon({ arch, tools, node, directory }) {
  const manifest = createRequire(import.meta.url).resolve(`${ADDON}/package.json`);
  const gyp = createRequire(manifest).resolve('node-gyp/bin/node-gyp.js');
  const sources = join(directory, 'opus');
  cpSync(dirname(manifest), sources, {
    recursive: true,
    filter: (path) => !/[\\/](prebuild|build[^\\/]*)$/.test(path),
  });
  const out = join(directory, 'addon');
  const settings = [
    `--arch=${arch}`,
    `--nodedir=${resolve(dirname(node), '..')}`,
    '--module_name=opus',
    `--module_path=${out}`,
  ];
  execFileSync(process.execPath, [gyp, 'rebuild', ...settings, '--napi_build_version=3', '-j', 'max'], {
    cwd: sources,
    stdio: 'pipe',
    env: {
      ...process.env,
      CC: `${tools}gcc`,
      CXX: `${tools}g++`,
      AR: `${tools}ar`,
      LINK: `${tools}g++`,
      // The build looks for node-addon-api from where the sources are.
      NODE_PATH: join(ROOT, 'node_modules'),
    },
  });
  return join(out, 'opus.node');
}
