import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { ConfigError } from '../../src/config/config.ts';
import { captureCommand } from '../../src/main/capture.ts';
import { createRtpHeader, parseRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { createFrameDecoder } from '../helpers/opus.ts';
import { type PcapRecord, readPcap } from '../helpers/pcap-reader.ts';
import { startServer } from '../helpers/running-server.ts';
import { concatInt16 } from '../helpers/signal.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';

const ADMIN_TOKEN = 'an-admin-token-that-is-long-enough-1';
const SERVER = ['--allow-capture', 'on', '--admin-token', ADMIN_TOKEN, '--levelling', 'off'];
const HEARD_DBFS = -22;
const NOT_HEARD_DBFS = -50;

async function capture(...argv: string[]) {
  let notices = '';
  const machine = { cores: 1, ipv6: false, dataDir: '' };
  const all = argv.includes('--admin-token') ? argv : ['--admin-token', ADMIN_TOKEN, ...argv];
  const outcome = await captureCommand({ argv: all, env: {}, machine }, { write: (text) => (notices += text) });
  return { ...outcome, notices };
}

/** RTP and RTCP of one direction (RFC 5761), with the sound of the RTP decoded. */
function heardIn(records: readonly PcapRecord[]) {
  const header = createRtpHeader();
  const isRtcp = ({ payload }: PcapRecord) => payload[1]! >= 192 && payload[1]! <= 223;
  const rtp = records.filter((record) => !isRtcp(record));
  const decode = createFrameDecoder();
  const payloads = rtp.map(({ payload }) => {
    if (!parseRtpHeader(payload, header, null)) throw new Error('a packet that is no RTP');
    return { sequenceNumber: header.sequenceNumber, opus: payload.subarray(header.headerLength) };
  });
  return {
    rtcp: records.filter(isRtcp),
    sequence: payloads.map(({ sequenceNumber }) => sequenceNumber),
    sound: concatInt16(payloads.map(({ opus }) => decode(opus))),
  };
}

test('a capture contains what one participant says and what they hear, in the clear', async (t) => {
  const server = await startServer(SERVER, { logLevel: 'error' });
  t.teardown(() => server.close());
  const join_ = (name: string) => WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name });
  const [ada, ben, cy] = [await join_('Ada'), await join_('Ben'), await join_('Cy')];
  ada.say(toneSound(440));
  ben.say(toneSound(700));
  cy.say(toneSound(1000));
  const output = join(t.testdir(), 'ada.pcap');
  const watch = new Stopwatch();
  const running = capture(
    ...['--url', server.url, '--room', 'lobby', '--participant', 'Ada', '--seconds', '3', '--output', output],
  );
  const isTold = ({ messages }: WeriftParticipant, captured: boolean) =>
    messages.some((said) => said.type === 'participant_updated' && said.participant.captured === captured);
  await eventually(() => [ada, ben, cy].every((person) => isTold(person, true)) || 'somebody does not know');
  const again = await capture('--url', server.url, '--room', 'lobby', '--participant', 'Ada', '--output', `${output}2`);
  t.match(again, { exitCode: 1, text: /already running/ });
  t.notOk(existsSync(`${output}2`));

  const { text, exitCode, notices } = await running;
  t.equal(exitCode, 0, text);
  t.match(notices, /3 s what Ada says and hears\. Everyone in the room is notified/);
  await eventually(() => isTold(ben, false) || 'it has ended, and Ben does not know');
  t.equal(statSync(output).mode & 0o777, 0o600, 'only for the one who asked');

  const records = readPcap(readFileSync(output));
  const [{ source, sourcePort }] = records as [PcapRecord];
  const from = records.filter((record) => record.source === source && record.sourcePort === sourcePort);
  const to = records.filter((record) => record.destination === source && record.destinationPort === sourcePort);
  t.equal(from.length + to.length, records.length, 'there are two ends');
  const directions = [heardIn(from), heardIn(to)];
  const [said, heard] = directions.sort(
    (a, b) => heardTone(b.sound, 440).usuallyDbfs - heardTone(a.sound, 440).usuallyDbfs,
  );
  const level = (sound: Int16Array, frequencyHz: number) => heardTone(sound, frequencyHz).usuallyDbfs;
  t.ok(level(said!.sound, 440) > HEARD_DBFS, `Ada says 440 Hz: ${level(said!.sound, 440)}`);
  for (const other of [700, 1000]) {
    t.ok(level(said!.sound, other) < NOT_HEARD_DBFS, `and not ${other} Hz`);
    t.ok(level(heard!.sound, other) > HEARD_DBFS, `she hears ${other} Hz: ${level(heard!.sound, other)}`);
  }
  t.ok(level(heard!.sound, 440) < NOT_HEARD_DBFS, 'and not herself');
  const times = records.map(({ wallMs }) => wallMs);
  const frames = (times.at(-1)! - times[0]!) / 20;
  // A process that waits for a CPU sends late, or leaves something out.
  const lateFrames = watch.waitMs / 20;
  // Three seconds less the way of the command to the worker, and back.
  t.ok(frames >= 135 - lateFrames, `${frames} frames`);
  for (const { sequence, rtcp } of directions) {
    const { length } = sequence;
    t.ok(length > 0.9 * frames - lateFrames && length < 1.1 * frames + lateFrames, `${length} packets of ${frames}`);
    t.ok(
      sequence.every((number, at) => at === 0 || number === ((sequence[at - 1]! + 1) & 0xffff)),
      'each in its place',
    );
    t.comment(`${rtcp.length} RTCP packets`);
  }
  t.ok(
    times.every((wallMs, at) => at === 0 || wallMs >= times[at - 1]!),
    'in order of time',
  );
  t.ok(Math.abs(times[0]! - Date.now()) < 20_000, 'by the wall clock');

  const missing = missingPackages(['tcpdump']);
  await t.test('tcpdump can read it too', { skip: skipIfMissing(missing) }, async (t) => {
    const printed = execFileSync('tcpdump', ['-n', '-vv', '-r', output], { encoding: 'utf8', stdio: 'pipe' });
    t.equal([...printed.matchAll(/\[udp sum ok\]/g)].length, records.length);
    t.notMatch(printed, /bad cksum|malformed|truncated/i);
  });

  const gone = await capture('--url', server.url, '--room', 'lobby', '--participant', 'Ada', '--output', output);
  t.match(gone, { exitCode: 1, text: /ada\.pcap already exists/ }, 'no file is overwritten');
  for (const person of [ada, ben, cy]) await person.leave();
});

test('a reader that stops ends the capture, and the room is told', async (t) => {
  const server = await startServer(SERVER, { logLevel: 'error' });
  t.teardown(() => server.close());
  const ada = await WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name: 'Ada' });
  const abort = new AbortController();
  const response = await fetch(`${server.url}/api/v1/rooms/lobby/participants/${ada.id}/capture`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    signal: abort.signal,
  });
  t.equal(response.status, 200);
  t.match(Object.fromEntries(response.headers), {
    'content-type': 'application/vnd.tcpdump.pcap',
    'content-disposition': 'attachment; filename="capture.pcap"',
    'cache-control': 'no-store',
  });
  const updates = () =>
    ada.messages.flatMap((said) => (said.type === 'participant_updated' ? [said.participant.captured] : []));
  await eventually(() => updates().at(-1) === true || 'she does not know');
  abort.abort();
  await eventually(() => updates().at(-1) === false || 'it continues');
  await ada.leave();
});

test('a server that does not allow capturing, or cannot be reached, causes a clear error', async (t) => {
  const server = await startServer(['--admin-token', ADMIN_TOKEN], { logLevel: 'error' });
  t.teardown(() => server.close());
  const ada = await WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name: 'Ada' });
  const output = join(t.testdir(), 'ada.pcap');
  const ask = (...argv: string[]) => capture('--url', server.url, '--room', 'lobby', '--output', output, ...argv);
  t.match(await ask('--participant', ada.id), { exitCode: 1, text: /Capturing is disabled/ });
  t.match(await ask('--participant', 'Ben'), { exitCode: 1, text: /nobody in this room is called "Ben"/ });
  const twin = await WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name: 'Ada' });
  t.match(await ask('--participant', 'Ada'), { exitCode: 1, text: new RegExp(`2 people.*${ada.id}, ${twin.id}`) });
  const wrong = await ask('--participant', ada.id, '--admin-token', ADMIN_TOKEN.replace('1', '2'));
  t.match(wrong, { exitCode: 1, text: /token/ });
  const nowhere = await capture('--port', '1', '--room', 'lobby', '--participant', 'Ada', '--output', output);
  t.match(nowhere, { exitCode: 1, text: /http:\/\/127\.0\.0\.1:1 cannot be reached/ });
  t.notOk(existsSync(output));
  for (const person of [ada, twin]) await person.leave();
});

test('unusable input to the command causes a clear error', async (t) => {
  const refused = async (pattern: RegExp, ...argv: string[]) => {
    const error = await captureCommand(
      { argv, env: {}, machine: { cores: 1, ipv6: false, dataDir: '' } },
      { write: () => {} },
    ).then(
      () => new Error('it was accepted'),
      (thrown: unknown) => thrown,
    );
    t.ok(error instanceof ConfigError);
    t.match(String((error as Error).message), pattern);
  };
  const complete = ['--room', 'lobby', '--participant', 'Ada', '--admin-token', ADMIN_TOKEN];
  await refused(/requires --room/, '--participant', 'Ada');
  await refused(/requires --participant/, '--room', 'lobby');
  await refused(/requires --admin-token-file/, ...complete.slice(0, 4));
  await refused(/--seconds must be a number/, ...complete, '--seconds', 'ten');
  await refused(/--url must be a URL/, ...complete, '--url', 'ws://127.0.0.1');
  await refused(/--output requires a value/, ...complete, '--output');
  await refused(/--colour/, ...complete, '--colour', 'red');
  t.match(await capture('--help'), { exitCode: 0, text: /everyone in the room/ });
});
