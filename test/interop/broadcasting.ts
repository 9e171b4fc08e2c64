/** Another stack as a client of WHIP and WHEP: it sends into a room by one, and listens to it by the other. */
import type { Test } from 'tap';
import { credentialsIn, withCredentials } from '../../src/gateways/whip/sdp-fragment.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { PRIVATE_ADDRESS } from '../helpers/private-address.ts';
import { BUILT_SERVER, type ServerProcess, startServerProcess } from '../helpers/server-process.ts';
import { readSections } from './shapes.ts';
import type { Stack } from './stack.ts';

/** Far apart, and far from each other's harmonics. */
export const CLIENT_HZ = 430;
export const TALKER_HZ = 710;
/** The tones are sent at -12 dBFS. */
const HEARD_DBFS = -28;
const LISTEN_MS = 500;

export interface Broadcasting {
  readonly server: ServerProcess;
  /** A person in the lobby. */
  readonly talker: LightTalker;
}

/** A server with WHIP and WHEP, and somebody in its lobby. */
export async function startBroadcasting(t: Test, flags: readonly string[] = []): Promise<Broadcasting> {
  const own = ['--whip', 'on', '--whep', 'on', '--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--workers', '1'];
  const server = await startServerProcess(BUILT_SERVER, [...own, ...flags]);
  t.teardown(async () => {
    if ((await server.stop()) !== 0 || !t.passing()) console.error(server.output());
  });
  const url = `${server.url.replace('http', 'ws')}ws`;
  const talker = await LightTalker.join({ url, room: 'lobby', name: 'talker', frequencyHz: TALKER_HZ });
  t.teardown(() => talker.close());
  return { server, talker };
}

/** @param restarts the stack can restart ICE */
export async function broadcastWith(
  t: Test,
  stack: Stack,
  {
    bundlePolicy = null,
    restarts = false,
  }: { readonly bundlePolicy?: string | null; readonly restarts?: boolean } = {},
): Promise<void> {
  const { server, talker } = await startBroadcasting(t);
  for (const shape of ['audio:sendonly', 'audio:sendonly video:sendonly']) {
    const source = await connect(stack, server, { name: `WHIP ${shape}`, shape, path: 'whip/lobby', bundlePolicy });
    await t.resolves(talker.hears(CLIENT_HZ), `${shape} is heard`);
    await source.end();
  }
  const player = await connect(stack, server, {
    name: 'WHEP',
    shape: 'audio:recvonly',
    path: 'whep/lobby',
    bundlePolicy,
  });
  const isHeard = () =>
    eventually(async () => {
      const { sound, packets } = await stack.listen('WHEP', LISTEN_MS);
      const { atMostDbfs } = heardTone(sound, TALKER_HZ);
      return atMostDbfs > HEARD_DBFS || `the talker is heard at ${atMostDbfs.toFixed()} dBFS in ${packets} packets`;
    });
  await t.resolves(isHeard(), 'the player hears the room');
  if (restarts) {
    await player.restart();
    await t.resolves(isHeard(), 'also after ICE was restarted');
  }
  await player.end();
}

interface Connection {
  readonly name: string;
  readonly shape: string;
  readonly path: string;
  readonly bundlePolicy: string | null;
}

async function connect(stack: Stack, server: ServerProcess, { name, shape, path, bundlePolicy }: Connection) {
  const options = { sections: readSections(shape), bundlePolicy, frequencyHz: CLIENT_HZ };
  const body = await stack.offer(name, options);
  const headers = { 'content-type': 'application/sdp' };
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${name}: ${response.status} ${answer}`);
  const session = new URL(response.headers.get('location') ?? '', server.url);
  await stack.accept(name, answer);
  return {
    /** As a client of RFC 9725 section 4.3.2 does it. */
    async restart() {
      const offer = await stack.offerAgain(name, { direction: 'recvonly', iceRestart: true });
      const { ufrag, password } = credentialsIn(offer);
      const patched = await fetch(session, {
        method: 'PATCH',
        headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
        body: `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${password}\r\n`,
      });
      const fragment = await patched.text();
      if (patched.status !== 200) throw new Error(`${name}: ${patched.status} ${fragment}`);
      await stack.accept(name, withCredentials(answer, credentialsIn(fragment)));
    },
    async end() {
      const { status } = await fetch(session, { method: 'DELETE' });
      if (status !== 200) throw new Error(`${name}: ${status}`);
      await stack.hangUp(name);
    },
  };
}
