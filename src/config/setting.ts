/** The form of a setting, and its default. */
import type { ValueKind } from './kinds.ts';

/** Properties of the machine that some defaults depend on. */
export interface Machine {
  /** CPU cores available to this process. */
  readonly cores: number;
  /** Whether IPv6 sockets can be opened; false if omitted. */
  readonly ipv6?: boolean;
  /** Directory for files that the server creates and reads again. */
  readonly dataDir?: string;
  /** A service manager has made that directory for this server; false if omitted. */
  readonly hasStateDirectory?: boolean;
}

/** The source of the page's certificate; `off` means that the page is served over plain HTTP. */
export type TlsMode = 'off' | 'acme' | 'files' | 'self-signed';

export interface Setting<T> {
  readonly kind: ValueKind<T>;
  readonly default: T | MachineDefault<T>;
  readonly help: string;
}

/** A default that depends on the machine. */
export interface MachineDefault<T> {
  readonly inWords: string;
  readonly example: T;
  of(machine: Machine, tls: TlsMode): T;
}

/** One row of the table of settings. */
export function setting<T>(kind: ValueKind<T>, options: Omit<Setting<NoInfer<T>>, 'kind'>): Setting<T> {
  return { kind, ...options };
}

export function defaultValue<T>(setting: Setting<T>, machine: Machine, tls: TlsMode): T {
  return isMachineDefault(setting.default) ? setting.default.of(machine, tls) : setting.default;
}

export function isMachineDefault<T>(value: T | MachineDefault<T>): value is MachineDefault<T> {
  return typeof value === 'object' && value !== null && 'inWords' in value;
}
