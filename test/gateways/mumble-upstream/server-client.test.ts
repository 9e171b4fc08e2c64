import { type Test, test } from 'tap';
import { REJECT } from '../../../src/gateways/mumble/wire/messages.ts';
import type { MumbleVoice } from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { identityCertificate } from '../../../src/gateways/mumble-upstream/identity-certificate.ts';
import {
  type ClientEnd,
  ServerClient,
  type ServerClientOptions,
} from '../../../src/gateways/mumble-upstream/server-client.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { digestOf, MURMUR_PACKAGE, startMurmur } from '../../helpers/murmur.ts';

const skip = skipIfMissing(missingPackages([MURMUR_PACKAGE]));
const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5, 6);

async function serverOf(t: Test, settings = {}) {
  const murmur = await startMurmur(settings);
  t.teardown(() => murmur.close());
  const pins = [await digestOf(murmur.port)];
  const connect = (name: string, more: Partial<ServerClientOptions> = {}) => {
    const heard: MumbleVoice[] = [];
    const texts: { readonly actor?: number | undefined; readonly message?: string | undefined }[] = [];
    const ends: ClientEnd[] = [];
    let changes = 0;
    const client = new ServerClient({
      server: { host: '127.0.0.1', port: murmur.port, pins },
      name,
      password: '',
      certificate: null,
      isBot: false,
      version: '9.9',
      clock: systemClock,
      events: {
        changed: () => changes++,
        voice: (voice) => heard.push({ ...voice, opus: Uint8Array.from(voice.opus) }),
        text: (text) => texts.push(text),
        ended: (end) => ends.push(end),
      },
      ...more,
    });
    const timer = setInterval(() => client.look(), 50);
    t.teardown(() => {
      clearInterval(timer);
      client.close();
    });
    return { client, heard, texts, ends, changes: () => changes };
  };
  const join = async (...args: Parameters<typeof connect>) => {
    const joined = connect(...args);
    await eventually(() => joined.client.isReady || JSON.stringify(joined.ends) || 'not in');
    return joined;
  };
  return { murmur, connect, join, pins };
}

test('clients of Debian’s mumble-server', { skip }, async (t) => {
  const { murmur, connect, join, pins } = await serverOf(t);

  await t.test('hear each other, by UDP as soon as the server answers there', async (t) => {
    const [anna, ben] = [await join('Anna'), await join('Ben')];
    await eventually(() => (anna.client.isByUdp && ben.client.isByUdp) || 'no UDP');
    const say = (frameNumber: number, isLast = false) =>
      anna.client.say({ target: 0, session: 0, frameNumber, opus: SPEECH, isLast });
    say(0);
    say(2, true);
    await eventually(() => ben.heard.length === 2 || `${ben.heard.length} packets`);
    t.match(ben.heard[0], { session: anna.client.session, frameNumber: 0, opus: SPEECH, isLast: false });
    t.match(ben.heard[1], { frameNumber: 2, isLast: true });
    t.equal(anna.heard.length, 0, 'nobody hears themselves');
    t.match(anna.client.figures, { outByUdp: 2, outByTunnel: 0 });
    t.match(ben.client.figures, { inByUdp: 2, inByTunnel: 0 });
  });

  await t.test('see each other, what they say of themselves, and what they write', async (t) => {
    const [carl, dora] = [await join('Carl'), await join('Dora')];
    await eventually(() => dora.client.roster.users.has(carl.client.session) || 'unseen');
    const seen = () => dora.client.roster.users.get(carl.client.session);
    t.match(seen(), { name: 'Carl', channelId: 0, selfMute: false, mute: false, hash: '' });
    carl.client.setSelf(true, true);
    await eventually(() => (seen()?.selfMute && seen()?.isDeaf) || 'not muted');
    carl.client.write('<b>Hi</b>', { channelId: 0 });
    dora.client.write('Only you', { sessions: [carl.client.session] });
    await eventually(() => (dora.texts.length === 1 && carl.texts.length === 1) || 'no texts');
    t.match(dora.texts, [{ actor: carl.client.session, message: '<b>Hi</b>' }]);
    t.match(carl.texts, [{ actor: dora.client.session, message: 'Only you' }]);
    t.equal(dora.client.maxUsers, 1000);
  });

  await t.test('one with a certificate is known by its hash', async (t) => {
    const secret = Buffer.alloc(32, 1);
    const [first, viewer] = [
      await join('Erna', { certificate: identityCertificate(secret, 'erna') }),
      await join('Viewer'),
    ];
    await eventually(() => viewer.client.roster.users.has(first.client.session) || 'unseen');
    t.match(viewer.client.roster.users.get(first.client.session)?.hash, /^[\da-f]{40}$/);
  });

  await t.test('whoever takes a name throws out who had it', async (t) => {
    const first = await join('Fritz');
    await join('fritz');
    await eventually(() => first.ends.length === 1 || 'still there');
    t.match(first.ends, [{ why: 'removed', byUser: false }]);
  });

  await t.test('a server with another certificate than the pinned one is told nothing', async (t) => {
    const { port } = murmur;
    const other = connect('Gerd', { server: { host: '127.0.0.1', port, pins: ['00'.repeat(32)] } });
    await eventually(() => other.ends.length === 1 || 'still there');
    t.match(other.ends, [{ why: 'untrusted', detail: new RegExp(pins[0]!) }]);
    const unpinned = connect('Gerd', { server: { host: '127.0.0.1', port, pins: [] } });
    await eventually(() => unpinned.ends.length === 1 || 'still there');
    t.match(unpinned.ends, [{ why: 'untrusted' }], 'nobody knows who has signed it');
  });
});

test('what a server refuses', { skip }, async (t) => {
  await t.test('a wrong password, and more users than there are places', async (t) => {
    const { connect, join } = await serverOf(t, { serverpassword: 'right', users: 10 });
    const wrong = connect('Hans', { password: 'wrong' });
    await eventually(() => wrong.ends.length === 1 || 'still there');
    t.match(wrong.ends, [{ why: 'rejected', type: REJECT.wrongServerPassword }]);
    for (let n = 1; n <= 10; n++) await join(`Ida${n}`, { password: 'right' });
    const late = connect('Jan', { password: 'right' });
    await eventually(() => late.ends.length === 1 || 'still there');
    t.match(late.ends, [{ why: 'rejected', type: REJECT.serverFull }]);
  });

  await t.test('an address that connects too often is banned, and nobody that is not there answers', async (t) => {
    const { connect, murmur } = await serverOf(t, { autobanAttempts: 3, autobanTimeframe: 120, autobanTime: 300 });
    const ends = async () => {
      const one = connect('Karl');
      await eventually(() => one.client.isReady || one.ends.length === 1 || 'undecided');
      return one.ends[0]?.why;
    };
    const all: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) all.push(await ends());
    t.ok(all.includes('banned'), String(all));
    await murmur.kill();
    t.equal(await ends(), 'unreachable');
  });

  // 1.3 allows 72,000 bit/s by default, which 56 kbit/s of Opus in packets of 20 ms keep, and 64 kbit/s do not.
  for (const { bandwidth, bytesThatPass, bytesTooMany } of [
    { bandwidth: 40_000, bytesThatPass: 60, bytesTooMany: 80 },
    { bandwidth: 72_000, bytesThatPass: 140, bytesTooMany: 160 },
  ])
    await t.test(`voice above ${bandwidth} bit/s is left out here, evenly`, async (t) => {
      const { join } = await serverOf(t, { bandwidth });
      let simulatedMs: number | undefined;
      const { client } = await join('Lena', {
        clock: { ...systemClock, now: () => simulatedMs ?? systemClock.now() },
      });
      // The tunnel would be behind, because the loop below takes no time.
      await eventually(() => client.isByUdp || 'no UDP');
      let nowMs = systemClock.now();
      const say = (bytes: number) => {
        const opus = new Uint8Array(bytes).fill(1);
        opus[0] = 0x78;
        const isDropped: boolean[] = [];
        for (let n = 0; n < 3000; n++, nowMs += 20) {
          simulatedMs = nowMs;
          const before = client.figures.outDropped;
          client.say({ target: 0, session: 0, frameNumber: 2 * n, opus, isLast: false });
          isDropped.push(client.figures.outDropped > before);
        }
        return isDropped;
      };
      t.notOk(say(bytesThatPass).includes(true));
      const isDropped = say(bytesTooMany);
      const share = isDropped.slice(1500).filter((is) => is).length / 1500;
      const excess = 1 - bandwidth / (8 * 50 * (bytesTooMany + 40));
      t.ok(Math.abs(share - excess) < 0.03, `${share} are left out`);
      t.notOk(
        isDropped.some((is, n) => is && isDropped[n + 1]),
        'never two in a row',
      );
    });
});
