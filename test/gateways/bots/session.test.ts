import { once } from 'node:events';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { BotConnection, type BotFrame, type BotOptions, type BotSocketClass } from '../../../web/sdk/bot/index.ts';
import { ApiClient } from '../../helpers/api-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { createFrameDecoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { startServer } from '../../helpers/running-server.ts';
import { concatInt16, toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';

/** A whole server, to which bots connect with the client library. */
async function setUp(t: Test, flags: readonly string[] = ['--max-bots', '5']) {
  const server = await startServer(['--admin-token', TOKEN, '--token-secret', SECRET, ...flags], { logLevel: 'error' });
  t.teardown(() => server.close());
  const api = new ApiClient(server.url, TOKEN);
  const connect = async (options: Partial<BotOptions> = {}) => {
    const bot = await BotConnection.connect({
      server: server.url,
      room: 'lobby',
      token: TOKEN,
      WebSocket: WebSocket as unknown as BotSocketClass,
      ...options,
    });
    t.teardown(() => bot.close());
    const frames: BotFrame[] = [];
    const log: string[] = [];
    bot.on('frame', (frame) => frames.push(frame));
    bot.on('speaking', ({ speaker, speaking }) => log.push(`${speaker.name} ${speaking ? 'speaks' : 'stops'}`));
    bot.on('muted', (muted) => log.push(`muted ${muted}`));
    bot.on('moved', (room) => log.push(`moved to ${room}`));
    bot.on('problem', (code) => log.push(code));
    bot.on('closed', (reason) => log.push(`closed ${reason}`));
    return { bot, frames, log };
  };
  const person = async (name: string) => {
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room: 'lobby', name });
    return { client, joined: await client.next('joined') };
  };
  return { server, api, connect, person };
}

function* toneFrames(frequencyHz: number, seconds: number): Generator<Int16Array> {
  const second = toInt16(tone({ frequencyHz, samples: 50 * FRAME_SAMPLES }));
  for (let n = 0; n < 50 * seconds; n++) yield second.slice((n % 50) * FRAME_SAMPLES, ((n % 50) + 1) * FRAME_SAMPLES);
}

/** Whether a tone is in the middle of what was heard. */
const hasTone = (pieces: readonly Int16Array[], frequencyHz: number) =>
  pieces.length > 20 && toneLevelDbfs(concatInt16(pieces.slice(-15, -5)), frequencyHz) > -40;

test('bots hear each other: as a mix, or each speaker by name, as Opus or as samples', async (t) => {
  const { connect } = await setUp(t);
  const singer = await connect({ name: 'Singer', send: 'pcm', source: 'music' });
  const listener = await connect({ name: 'Listener', receive: 'mix', format: 'pcm' });
  const scribe = await connect({ name: 'Scribe', receive: 'speakers' });
  t.equal(singer.bot.room, 'lobby');
  t.equal(await singer.bot.play(toneFrames(700, 2)), true, 'resolves when all of it has been played');
  await eventually(() => scribe.log.includes('Singer stops') || `${scribe.log}`);
  t.same(scribe.log, ['Singer speaks', 'Singer stops']);
  t.ok(
    hasTone(
      listener.frames.map(({ samples }) => samples!),
      700,
    ),
  );
  const [first] = scribe.frames;
  t.match(scribe.bot.speaker(first!.speaker), {
    name: 'Singer',
    identity: null,
    participantId: singer.bot.participantId,
  });
  t.ok(hasTone(scribe.frames.map(({ packet }) => packet!).map(createFrameDecoder()), 700));
  await eventually(() => scribe.frames.length === 100 || `${scribe.frames.length} of the packets that were sent`);
  for (const { frames } of [listener, scribe]) {
    // The first one may come before there was a listener.
    t.ok(frames.every(({ sequence }, n) => n === 0 || sequence === frames[n - 1]!.sequence + 1));
    t.ok(frames.every(({ time }, n) => n === 0 || time > frames[n - 1]!.time));
  }
  t.ok(first!.starts);
  t.ok(Math.abs(first!.time - scribe.bot.startTime) < 48_000 * 30);
});

test('what waits can be cleared, and is bounded', async (t) => {
  const { connect } = await setUp(t);
  const { bot, log } = await connect({ send: 'pcm' });
  const played = bot.play(toneFrames(700, 60));
  await eventually(async () => {
    bot.clear();
    return true;
  });
  t.equal(await played, false);
  const silence = new Int16Array(FRAME_SAMPLES);
  for (let n = 0; n < 600; n++) bot.sendSamples(silence);
  await eventually(() => log.includes('buffer_full') || `${log}`);
  t.equal(log.filter((code) => code === 'buffer_full').length, 1, 'said once');
  const waiting = Array.from({ length: 100 }, () => bot.played());
  await t.rejects(bot.played(), /rate_limited/, 'more marks than the server takes');
  bot.clear();
  t.same(new Set(await Promise.all(waiting)), new Set([false]));
  t.equal(await bot.played(), true);
});

test('everybody sees a bot, and is told that it listens', async (t) => {
  const { connect, person, api } = await setUp(t);
  const { client } = await person('Ada');
  const { bot, log } = await connect({ name: 'Ears', send: 'pcm', receive: 'speakers' });
  t.match(await client.skipTo('recording'), {
    recording: { tracks: 'participants', needsConsent: false, programs: 1 },
  });
  const ben = await person('Ben');
  t.match(ben.joined, { recording: { programs: 1 } });
  const inRoom = ben.joined.participants.find(({ name }) => name === 'Ears');
  t.match(inRoom, { via: 'bot', maySpeak: true, deafened: true });
  const listed = (await api.get('/rooms/lobby/participants')).body.participants as {
    name: string;
    via: string | null;
  }[];
  t.equal(listed.find(({ name }) => name === 'Ears')?.via, 'bot');
  const path = `/rooms/lobby/participants/${bot.participantId}`;
  await api.post(`${path}/mute`);
  await eventually(() => log.includes('muted true') || `${log}`);
  await api.post(`${path}/unmute`);
  await eventually(async () => !(await api.get(path)).body.muted || 'still muted');
  await api.post(`${path}/move`, { room: 'elsewhere' });
  await eventually(() => log.includes('moved to elsewhere') || `${log}`);
  t.match(await client.skipTo('recording'), { recording: null, reason: 'stopped' });
  await api.post(`/rooms/elsewhere/participants/${bot.participantId}/kick`);
  await eventually(() => log.includes('closed kicked') || `${log}`);
});

test('a bot that only sends is no reason to warn anybody', async (t) => {
  const { connect, person } = await setUp(t);
  await connect({ send: 'opus' });
  const { joined } = await person('Ada');
  t.equal(joined.recording, undefined);
});

test('who may not is refused with the reason', async (t) => {
  const { server, connect, api } = await setUp(t, ['--max-bots', '1']);
  const refusal = (options: Partial<BotOptions>) =>
    connect(options).then(
      () => 'none',
      (error: Error) => error.message,
    );
  const tokenFor = async (more: object) =>
    (await api.post('/tokens', { room: 'lobby', identity: 'bot-1', name: 'Official', ...more })).body.token as string;
  t.match(await refusal({ token: 'wrong' }), /401/);
  t.match(await refusal({ token: await tokenFor({}) }), /403/);
  t.match(await refusal({ token: await tokenFor({ mayBeBot: true }), room: 'other' }), /401/);
  t.match(await refusal({ token: await tokenFor({ mayBeBot: true, maySpeak: false }), send: 'pcm' }), /not_allowed/);
  const { bot } = await connect({ token: await tokenFor({ mayBeBot: true }), name: 'Ignored' });
  t.match((await api.get(`/rooms/lobby/participants/${bot.participantId}`)).body, {
    name: 'Official',
    identity: 'bot-1',
  });
  t.match(await refusal({}), /503|429/, 'too many');
  const off = await startServer(['--admin-token', TOKEN], { logLevel: 'error' });
  t.teardown(() => off.close());
  t.match(await refusal({ server: off.url }), /403/);
  t.ok(server);
});

test('bots come only as often as people may', async (t) => {
  const { connect } = await setUp(t, ['--max-bots', '5', '--max-joins-per-minute', '2']);
  for (let n = 0; n < 2; n++) (await connect()).bot.close();
  await t.rejects(connect(), /429/);
});

test('what is no message or no frame ends or is told, and never more', async (t) => {
  const { server } = await setUp(t);
  const open = async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/rooms/lobby/endpoint`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    const answers: { type: string; code?: string }[] = [];
    socket.on('message', (data, isBinary) => isBinary || answers.push(JSON.parse(String(data))));
    const closed = once(socket, 'close').then(([code]) => code as number);
    const codes = () => answers.map(({ type, code }) => code ?? type);
    return { socket, codes, closed };
  };
  for (const [message, code] of [
    [Buffer.alloc(20), 'not_joined'],
    ['{', 'malformed_message'],
    ['{"type":"clear"}', 'not_joined'],
    ['{"type":"start","send":"mp3"}', 'invalid_request'],
  ] as const) {
    const { socket, codes, closed } = await open();
    socket.send(message);
    t.equal(await closed, 1008, code);
    t.same(codes(), [code]);
  }
  const { socket, codes, closed } = await open();
  socket.send('{"type":"start","name":"A","send":"opus"}');
  socket.send('{"type":"start","name":"A"}');
  socket.send(Buffer.alloc(20));
  socket.send('{"type":"mark","name":""}');
  socket.send('{"type":"fly"}');
  await eventually(() => codes().length === 5 || `${codes()}`);
  t.same(codes(), ['started', 'already_joined', 'malformed_message', 'invalid_request', 'invalid_request']);
  socket.send(Buffer.alloc(100_000));
  t.equal(await closed, 1009);
});
