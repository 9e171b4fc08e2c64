import { encodeFrame, FrameReader } from '../../../src/gateways/mumble/wire/frames.ts';
import { MESSAGES, type MessageName, readMessage, TYPE } from '../../../src/gateways/mumble/wire/messages.ts';
import { encodeMessage, type MessageValues } from '../../../src/gateways/mumble/wire/protobuf.ts';
import { MAX_PACKET_BYTES, writeVoicePacket } from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { type OpenLink, ServerClient } from '../../../src/gateways/mumble-upstream/server-client.ts';
import { shownName } from '../../../src/gateways/mumble-upstream/visitor.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { type FuzzTarget, hold } from '../target.ts';

const MAX_LENGTH = 1_048_576;
const FRAME_HEADER = 6;
const clock = new FakeClock();

function frame<N extends MessageName>(name: N, values: MessageValues<(typeof MESSAGES)[N]>): Uint8Array {
  const payload = encodeMessage(MESSAGES[name], values as MessageValues<(typeof MESSAGES)[MessageName]>);
  return encodeFrame(TYPE[name], payload);
}

function tunnelled(format: 'old' | 'protobuf'): Uint8Array {
  const into = new Uint8Array(MAX_PACKET_BYTES);
  const voice = { target: 0, session: 7, frameNumber: 100, opus: Uint8Array.of(0x78, 1, 2, 3), isLast: true };
  return encodeFrame(TYPE.udpTunnel, into.slice(0, writeVoicePacket(format, into, voice, true)));
}

const nonce = new Uint8Array(16).fill(3);
const logIn = (versionV1: number, release: string) =>
  Buffer.concat([
    frame('version', { versionV1, release, ...(versionV1 === 0x10500 && { versionV2: (1n << 48n) | (5n << 32n) }) }),
    frame('cryptSetup', { key: nonce, clientNonce: nonce, serverNonce: nonce }),
    frame('channelState', { channelId: 0, name: 'Root' }),
    frame('channelState', { channelId: 4, parent: 0, name: 'Tea', linksAdd: [0], maxUsers: 10 }),
    frame('userState', { session: 5, name: 'Web' }),
    frame('userState', { session: 7, name: 'Ada', channelId: 4, hash: 'a'.repeat(40), listeningChannelAdd: [0, 4] }),
    frame('serverSync', { session: 5, maxBandwidth: 72_000, welcomeText: '<b>Hi</b>' }),
    frame('serverConfig', { maxUsers: 100, messageLength: 500 }),
  ]);

/** What another Mumble server says to a client of this one, from the first frame on. */
export const mumbleUpstream: FuzzTarget = {
  name: 'mumble-upstream',
  files: ['server-client', 'server-roster', 'visitor'].map((name) => `src/gateways/mumble-upstream/${name}.ts`),
  maxBytes: 4096,
  seeds: () => [
    Buffer.concat([logIn(0x10304, 'Murmur'), tunnelled('old'), frame('userState', { session: 7, selfMute: true })]),
    Buffer.concat([logIn(0x10500, 'Murmur'), tunnelled('protobuf'), frame('userRemove', { session: 7 })]),
    Buffer.concat([logIn(0x10500, 'Murmur'), frame('cryptSetup', {}), frame('cryptSetup', { serverNonce: nonce })]),
    Buffer.concat([logIn(0x10500, 'Murmur'), frame('userRemove', { session: 5, actor: 7, reason: 'out' })]),
    Buffer.concat([logIn(0x10304, 'Murmur'), frame('channelRemove', { channelId: 4 }), tunnelled('old')]),
    Buffer.concat([logIn(0x10304, 'Murmur'), frame('textMessage', { actor: 7, message: 'x<br>y', channelIds: [4] })]),
    Buffer.concat([frame('version', { versionV1: 0x10500, release: 'Partyline 1' })]),
    frame('reject', { type: 6, reason: 'full' }),
  ],
  run: (input) => {
    let events: Parameters<OpenLink>[2] | undefined;
    let isClosed = false;
    let sent = 0;
    let ends = 0;
    let frames = 0;
    const client = new ServerClient({
      server: { host: 'x', port: 1, pins: [] },
      name: 'Web',
      password: '',
      certificate: null,
      isBot: true,
      version: '1',
      clock,
      openLink: (_server, _certificate, given) => {
        events = given;
        return {
          send: () => {
            sent++;
          },
          sendVoice: () => true,
          path: undefined,
          close: () => {
            isClosed = true;
          },
        };
      },
      events: {
        changed: () => {},
        voice: ({ opus, session, frameNumber }) => {
          hold(!isClosed && opus.length > 0, 'voice comes while the client is there');
          hold(Number.isSafeInteger(session) && Number.isSafeInteger(frameNumber), 'numbers are numbers');
        },
        text: () => hold(!isClosed, 'nothing is said after the end'),
        ended: () => {
          ends++;
        },
      },
    });
    const link = events!;
    link.secured();
    const greeting = sent;
    const reader = new FrameReader(MAX_LENGTH, (type, payload) => {
      if (isClosed) return;
      frames++;
      if (type === TYPE.udpTunnel) {
        if (payload.length <= MAX_PACKET_BYTES) link.voice(payload);
        return;
      }
      const message = readMessage(type, payload);
      if (message === null) isClosed = true;
      else if (message !== undefined) link.message(message);
    });
    reader.push(input.slice(0, input.length >> 1));
    reader.push(input.slice(input.length >> 1));
    const most = Math.floor(input.length / FRAME_HEADER);
    hold(frames <= most, 'frames do not overlap');
    hold(sent - greeting <= frames, 'each message is answered at most once');
    const { users } = client.roster;
    hold(users.size <= most, 'each user was announced');
    for (const [session, user] of users) {
      hold(session === user.session, 'users have their own numbers');
      const shown = shownName(user);
      hold(shown.length > 0 && [...shown].length <= 64, 'everybody has a name that people can have');
      client.roster.linkedTo(user.channelId);
    }
    client.roster.find(['Tea']);
    link.closed('lost', '');
    link.closed('lost', '');
    hold(ends === 1, 'the end is told once');
    client.close();
  },
};
