/**
 * Which Debian's Mumble the tests run: that of this system, or with MUMBLE_ROOT that of another Debian in a directory,
 * as CONTRIBUTING.md shows how to make.
 */
import { tmpdir } from 'node:os';

const root = process.env.MUMBLE_ROOT;

/** Mumble 1.5 and later: other settings, other names of programs. */
export const IS_LATER_MUMBLE = root !== undefined;

/**
 * How to start a program of Mumble: a command and its arguments. With MUMBLE_ROOT it sees that directory as the whole
 * system, but for temporary files, devices and processes, in mounts that end with it. That needs root.
 */
export function mumbleProgram(program: 'mumble' | 'murmurd', args: readonly string[]): [string, string[]] {
  if (root === undefined) return [program, [...args]];
  const later = program === 'murmurd' ? 'mumble-server' : program;
  const enter = [
    `mount --bind ${tmpdir()} "$0${tmpdir()}"`,
    'mount --rbind /dev "$0/dev"',
    'mount -t proc proc "$0/proc"',
    'exec chroot "$0" "$@"',
  ].join(' && ');
  return ['unshare', ['--mount', 'sh', '-c', enter, root, later, ...args]];
}
