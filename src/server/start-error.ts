import type { Config } from '../config/config.ts';
import { missingRight } from '../lib/net/missing-right.ts';
import { UnknownAnnouncementError } from '../media/plane.ts';

/** The server cannot start, for a reason that the operator can fix. The message says how. */
export class StartError extends Error {
  /** The settings are wrong, so the next attempt would fail as well. */
  readonly isSettingsError: boolean;

  constructor(message: string, cause: unknown, { isSettingsError = false } = {}) {
    super(message, { cause });
    this.name = 'StartError';
    this.isSettingsError = isSettingsError;
  }
}

/** A setting's value cannot be used; the error explains why. */
export function settingsError(error: unknown): StartError {
  return new StartError(error instanceof Error ? error.message : String(error), error, { isSettingsError: true });
}

/** Explains why the HTTP port could not be opened. */
export function listenError(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): StartError {
  return new StartError(
    `${reasonInWords(error, host, port)} Choose another address or port with --host and --port.`,
    error,
  );
}

/** Explains why the redirect port could not be opened. */
export function secondPortError(error: unknown, { host, httpPort }: Pick<Config, 'host' | 'httpPort'>): StartError {
  const reason = reasonInWords(error, host, httpPort);
  return new StartError(`${reason} Choose another port with --http-port, or 0 for none.`, error);
}

/** Explains why the media plane did not start. */
export function mediaError(error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  const advice =
    error instanceof UnknownAnnouncementError
      ? 'Correct --announce or the DNS.'
      : 'Choose other ports or addresses with --media-port and --media-host.';
  return new StartError(`Media cannot start: ${reason}. ${advice}`, error);
}

/** Explains why Mumble clients cannot connect. */
export function mumbleError(error: unknown, advice: string): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(`Mumble cannot start: ${reason}. ${advice}`, error);
}

/** Explains why the port for Mumble clients could not be opened. */
export function mumbleListenError(
  error: unknown,
  { host, mumblePort }: Pick<Config, 'host' | 'mumblePort'>,
): StartError {
  return new StartError(`${reasonInWords(error, host, mumblePort)} Choose another with --mumble-port.`, error);
}

/** Explains why access control could not be set up. */
export function accessError(error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(`room-passwords cannot be used: ${reason}`, error, { isSettingsError: true });
}

/** Explains why rooms cannot have these teams. */
export function teamsError(error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(`teams cannot be used: ${reason}`, error, { isSettingsError: true });
}

function reasonInWords(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program.`;
    case 'EACCES':
      return `Port ${port} on ${host} cannot be opened: ${missingRight(port)}.`;
    case 'EADDRNOTAVAIL':
      return `This machine does not have the address ${host}.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name ${host} cannot be resolved.`;
    default:
      return `Port ${port} on ${host} cannot be opened: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
