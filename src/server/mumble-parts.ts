/** The parts of the server that speak with Mumble. */
import type { Config } from '../config/config.ts';
import type { MumbleGateway, MumbleOptions } from '../gateways/mumble/control.ts';
import type { MumbleFigures } from '../gateways/mumble/figures.ts';
import type { MumbleUpstream, MumbleUpstreamFigures } from '../gateways/mumble-upstream/control.ts';
import type { AccessControl } from '../rooms/access.ts';
import { startMumble } from './mumble.ts';
import { startMumbleUpstream } from './mumble-upstream.ts';
import type { Part } from './parts.ts';
import type { PageTls } from './tls/page-tls.ts';

export interface MumbleParts {
  readonly parts: readonly Part[];
  /** For the metrics, of what is on. */
  readonly figures: () => { readonly mumble?: MumbleFigures; readonly mumbleUpstream?: MumbleUpstreamFigures };
}

/** Mumble clients in rooms, and rooms in another Mumble server. Both are off unless the settings say otherwise. */
export function mumbleParts(
  config: Config,
  shared: Omit<MumbleOptions, 'settings' | 'access'> & { readonly access: AccessControl },
  tls: PageTls | undefined,
): MumbleParts {
  let clients: MumbleGateway | undefined;
  let upstream: MumbleUpstream | undefined;
  return {
    parts: [
      {
        name: 'Mumble',
        start: async () => {
          clients = await startMumble(config, shared, tls);
        },
        stop: () => clients?.close(),
      },
      {
        name: 'other Mumble server',
        start: async () => {
          upstream = await startMumbleUpstream(config, shared);
        },
        stop: () => upstream?.close(),
      },
    ],
    figures: () => ({
      ...(clients !== undefined && { mumble: clients.figures }),
      ...(upstream !== undefined && { mumbleUpstream: upstream.figures }),
    }),
  };
}
