import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant, type ReceivedPayload } from '../../bench/client/participant.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { encodeStereo } from '../helpers/music.ts';
import { createStereoDecoder, type StereoFrame } from '../helpers/opus.ts';
import { type RunningServer, startServer } from '../helpers/running-server.ts';
import { concatInt16, SAMPLE_RATE } from '../helpers/signal.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const run = promisify(execFile);

/** Far apart, and far from each other's harmonics. */
const TONES_HZ = { person: 430, source: 710, player: 1130 } as const;
const NOT_HEARD_DBFS = -50;
const ADMIN_TOKEN = 'an-admin-token-for-tests';
const FLAGS = ['--whip', 'on', '--whep', 'on', '--levelling', 'off', '--admin-token', ADMIN_TOKEN];

/** A program that sends its tone by WHIP, or a player that listens by WHEP. */
async function connect(t: Test, server: RunningServer, who: 'source' | 'player'): Promise<LightTalker> {
  const url = `${server.url}/${who === 'source' ? 'whip' : 'whep'}/`;
  const talker = await LightTalker.join({
    server: 'broadcast',
    url,
    room: 'lobby',
    name: who,
    frequencyHz: TONES_HZ[who],
  });
  t.teardown(() => talker.close());
  return talker;
}

test('a room with a source by WHIP and a player by WHEP', async (t) => {
  const server = await startServer(FLAGS);
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, ADMIN_TOKEN);
  const person = await WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name: 'Ada' });
  t.teardown(() => person.close());
  person.say(toneSound(TONES_HZ.person));
  const source = await connect(t, server, 'source');
  const player = await connect(t, server, 'player');
  const views = () => person.messages.filter(({ type }) => type === 'participant_joined');
  const listeners = () => person.messages.findLast(({ type }) => type === 'listeners');

  await t.test('the person hears the source, and the player both', async (t) => {
    await t.resolves(hearsOnly(person, TONES_HZ, ['source']));
    await t.resolves(player.hears(TONES_HZ.person));
    await t.resolves(player.hears(TONES_HZ.source));
    t.ok((await player.hearDbfs(TONES_HZ.player)) < NOT_HEARD_DBFS, 'what the player sends is heard by nobody');
    t.equal(source.takeReport().packets, 0, 'nothing is sent to a source');
  });

  await t.test('the source is a participant with a mark, and the player is only counted', async (t) => {
    t.match(views(), [{ participant: { name: 'source', via: 'whip' } }]);
    await eventually(() => listeners() !== undefined || 'nobody is counted');
    t.match(listeners(), { listeners: 1 });
    t.match((await api.get('/rooms/lobby')).body, { participants: 2, listeners: 1 });
    const { body } = await api.get('/rooms/lobby/participants');
    t.same(
      body.participants.map(({ via }: { via: string | null }) => via),
      [null, 'whip'],
    );
    const scrape = await server.metrics();
    t.equal(scrape.sum('partyline_publishers'), 1);
    t.equal(scrape.sum('partyline_listeners'), 1);
  });

  await t.test('each listener has a volume of their own for the source', async (t) => {
    const { body } = await api.get('/rooms/lobby/participants');
    const { id } = body.participants[1];
    person.send({ type: 'hear', participantId: id, gain: 0 });
    await t.resolves(hearsOnly(person, TONES_HZ, []));
    await t.resolves(player.hears(TONES_HZ.source));
    person.send({ type: 'hear', participantId: id, gain: 1 });
    await t.resolves(hearsOnly(person, TONES_HZ, ['source']));
    await api.post(`/rooms/lobby/participants/${id}/mute`);
    await t.resolves(hearsOnly(person, TONES_HZ, []), 'muted by a moderator');
    await api.post(`/rooms/lobby/participants/${id}/unmute`);
    await t.resolves(hearsOnly(person, TONES_HZ, ['source']), 'nobody else could unmute it');
    await api.post(`/rooms/lobby/participants/${id}/kick`);
    await t.resolves(hearsOnly(person, TONES_HZ, []), 'kicked');
  });

  await t.test('the operator ends a listener', async (t) => {
    const list = (await api.get('/rooms/lobby/listeners')).body;
    t.match(list, { total: 1, listeners: [{ connected: true, address: '127.0.0.1' }] });
    const path = `/rooms/lobby/listeners/${list.listeners[0].id}`;
    t.equal((await api.delete(path)).status, 204);
    t.match((await api.delete(path)).body, { code: 'unknown_listener' });
    await eventually(() => JSON.stringify(listeners())?.includes(':0') || 'the listener is still counted');
    t.match((await api.get('/rooms/lobby')).body, { participants: 1, listeners: 0 });
  });
});

test('music by WHIP reaches a player by WHEP in stereo, as loud as it was sent', async (t) => {
  const server = await startServer(['--whip', 'on', '--whep', 'on', '--levelling', 'on']);
  t.teardown(() => server.close());
  const sent = { leftHz: 500, rightHz: 900, amplitude: 0.005 };
  const sentDbfs = 20 * Math.log10(sent.amplitude);
  const certificate = await createCertificate();
  const join = async (path: string, onPayload?: (received: ReceivedPayload) => void) => {
    const participant = await LightParticipant.join({
      server: 'broadcast',
      url: `${server.url}/${path}/`,
      room: 'radio',
      name: 'OBS',
      stereo: true,
      certificate,
      ...(onPayload !== undefined && { onPayload }),
    });
    t.teardown(() => participant.close());
    return participant;
  };
  const obs = await join('whip');
  obs.say(encodeStereo(sent, 100).map((payload) => ({ payload, levelDbov: -49, voice: true })));
  t.teardown(everyFrame(() => obs.sendNext()));
  const decode = createStereoDecoder();
  let frames: StereoFrame[] = [];
  await join('whep', ({ payload }) => frames.push(decode(payload)));
  await eventually(async () => {
    frames = [];
    await eventually(() => frames.length >= 50 || `${frames.length} frames have come`);
    const [left, right] = [frames.map((frame) => frame.left), frames.map((frame) => frame.right)].map(concatInt16);
    const heard = [left, right].map((side = new Int16Array()) =>
      [sent.leftHz, sent.rightHz].map((frequencyHz) => heardTone(side, frequencyHz).usuallyDbfs),
    );
    const isRight = heard.every((tones, side) =>
      tones.every((dbfs, tone) => (side === tone ? Math.abs(dbfs - sentDbfs) < 2 : dbfs < sentDbfs - 20)),
    );
    return isRight || `heard ${JSON.stringify(heard)} dBFS, sent ${sentDbfs}`;
  });
});

test('a player over HTTP hears the room, as Ogg and as WebM', {
  skip: skipIfMissing(missingPackages(['ffmpeg'])),
}, async (t) => {
  const server = await startServer(['--live', 'on', '--levelling', 'off']);
  t.teardown(() => server.close());
  const url = server.webSocketUrl;
  const person = await LightTalker.join({ url, room: 'lobby', name: 'Ada', frequencyHz: TONES_HZ.person });
  t.teardown(() => person.close());
  for (const format of ['opus', 'webm']) {
    await eventually(async () => {
      const { stdout } = await run(
        'ffmpeg',
        [
          ...['-hide_banner', '-loglevel', 'error', '-t', '2', '-i', `${server.url}/live/lobby.${format}`],
          ...['-ac', '1', '-ar', '48000', '-f', 's16le', '-'],
        ],
        { encoding: 'buffer', maxBuffer: 1_000_000 },
      );
      const sound = new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
      const { usuallyDbfs } = heardTone(sound, TONES_HZ.person);
      const isWhole = Math.abs(sound.length / SAMPLE_RATE - 2) < 0.1;
      return (isWhole && usuallyDbfs > -14) || `${format}: ${sound.length} samples, ${usuallyDbfs} dBFS`;
    });
    t.pass(format);
  }
  await eventually(async () => (await server.metrics()).sum('partyline_live_listeners') === 0 || 'it still counts');
});

test('a wrong token is refused with 401', async (t) => {
  const server = await startServer([...FLAGS, '--access', 'token', '--token-secret', 'x'.repeat(32)]);
  t.teardown(() => server.close());
  await t.rejects(connect(t, server, 'source'), /^401: .*token_required/);
  const { status, headers } = await fetch(`${server.url}/whip/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: 'Bearer guessed' },
    body: 'v=0\r\n',
  });
  t.equal(status, 401);
  t.match(headers.get('www-authenticate'), /^Bearer/);
});
