import { parse } from 'sdp-transform';
import { test } from 'tap';
import {
  AUDIO_LEVEL_URI,
  audioLevelOf,
  formatOf,
  opusOf,
  redOf,
  sendsStereo,
  wantsStereo,
} from '../../../src/rtc/sdp/offered-codecs.ts';

function section(formats: string, ...attributes: string[]) {
  return sectionOf('audio', formats, attributes);
}

function sectionOf(kind: string, formats: string, attributes: readonly string[]) {
  const lines = ['v=0', `m=${kind} 9 UDP/TLS/RTP/SAVPF ${formats}`, ...attributes.map((line) => `a=${line}`), ''];
  return parse(lines.join('\r\n')).media[0]!;
}

test("Opus is found by name, rate and channels, in the section's order of preference", (t) => {
  const opus = 'rtpmap:111 opus/48000/2';
  t.equal(opusOf(section('111', opus)), 111);
  t.equal(opusOf(section('97', 'rtpmap:97 OPUS/48000/2')), 97);
  t.equal(opusOf(section('0 96 111', opus, 'rtpmap:96 opus/48000/2')), 96);
  t.equal(opusOf(section('96', opus)), null, 'a payload type that is not listed');
  t.equal(opusOf(section('111')), null);
  t.equal(opusOf(section('111', 'rtpmap:111 opus/48000')), 111, 'without the number of channels');
  t.equal(opusOf(section('111', 'rtpmap:111 opus/48000/1')), null);
  t.equal(opusOf(section('111', 'rtpmap:111 opus/16000/2')), null);
  t.equal(opusOf(section('111', 'rtpmap:111 opusx/48000/2')), null);
  t.end();
});

test('payload types are dynamic ones that do not look like RTCP', (t) => {
  const taken = Array.from({ length: 300 }, (_, type) => type).filter(
    (type) => opusOf(section(`${type}`, `rtpmap:${type} opus/48000/2`)) !== null,
  );
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  t.same(taken, [...range(35, 63), ...range(96, 127)]);
  t.equal(opusOf(section('111.5', 'rtpmap:111.5 opus/48000/2')), null);
  t.end();
});

test('RED is used only around this very Opus format', (t) => {
  const red = (...fmtp: string[]) =>
    redOf(
      section('63 64 111', 'rtpmap:63 red/48000/2', 'rtpmap:111 opus/48000/2', ...fmtp.map((line) => `fmtp:${line}`)),
      111,
    );
  t.equal(red('63 111/111'), 63);
  t.equal(red('63 111/111/111'), 63);
  t.equal(red('63 0/111', '63 111/111'), 63, 'one of several lines');
  t.equal(red('63 0/0'), null);
  t.equal(red('63 111/0'), null);
  t.equal(red('64 111/111'), null);
  t.equal(red(), null);
  t.equal(redOf(section('63 111', 'rtpmap:63 red/90000', 'fmtp:63 111/111'), 111), null);
  t.end();
});

test('the audio level is used if the client sends it under a valid identifier', (t) => {
  const level = (...lines: string[]) =>
    audioLevelOf(section('111', ...lines.map((line) => `extmap:${line} ${AUDIO_LEVEL_URI}`)));
  t.equal(level('1'), 1);
  t.equal(level('14/sendrecv'), 14);
  t.equal(level('3/sendonly'), 3);
  t.equal(level('16'), 16);
  t.equal(level('255'), 255);
  for (const useless of ['0', '15', '256', '2/recvonly']) t.equal(level(useless), null, useless);
  t.equal(level('2/recvonly', '15', '7'), 7, 'the first of several usable ones');
  t.equal(level(), null);
  t.equal(audioLevelOf(section('111', 'extmap:1 urn:ietf:params:rtp-hdrext:csrc-audio-level')), null);
  t.end();
});

test('one format is kept with its description: Opus, else the first', (t) => {
  const attributes = [
    'rtpmap:96 VP8/90000',
    'rtpmap:97 rtx/90000',
    'fmtp:97 apt=96',
    'fmtp:98 x=1;y=2',
    'rtpmap:98 G722/8000',
  ];
  const video = (formats: string, ...lines: string[]) => formatOf(sectionOf('video', formats, lines));
  t.same(video('96 97', ...attributes), { name: '96', rtpmap: 'VP8/90000', fmtp: null });
  t.same(video('97 96', ...attributes), { name: '97', rtpmap: 'rtx/90000', fmtp: 'apt=96' });
  t.same(video('0', ...attributes), { name: '0', rtpmap: null, fmtp: null });
  t.same(formatOf(section('98', ...attributes)), { name: '98', rtpmap: 'G722/8000', fmtp: null }, 'not a promise');
  const opus = ['rtpmap:111 opus/48000/2', 'fmtp:111 useinbandfec=1'];
  t.same(formatOf(section('98 111', ...attributes, ...opus)), { name: '111', rtpmap: 'opus/48000/2', fmtp: null });
  t.same(formatOf(sectionOf('application', 'webrtc-datachannel', [])), {
    name: 'webrtc-datachannel',
    rtpmap: null,
    fmtp: null,
  });
  t.end();
});

test('an unrepeatable format is left out, and without a format there is nothing', (t) => {
  const video = (formats: string, ...lines: string[]) => formatOf(sectionOf('video', formats, lines));
  t.equal(video(''), null);
  t.equal(video('ü'), null);
  t.equal(video('x'.repeat(65)), null);
  t.equal(video('x'.repeat(64))?.name.length, 64);
  t.equal(video('96', 'rtpmap:96 VP8')?.rtpmap, null, 'a codec without a rate');
  t.equal(video('96', `rtpmap:96 ${'V'.repeat(65)}/90000`)?.rtpmap, null);
  t.equal(video('96', 'rtpmap:96 opus/48000/ü')?.rtpmap, null);
  t.equal(video('96', 'fmtp:96 ü')?.fmtp, null);
  t.equal(video('96', `fmtp:96 ${'x'.repeat(255)}`)?.fmtp?.length, 255);
  t.equal(video('96', `fmtp:96 ${'x'.repeat(256)}`)?.fmtp, null);
  t.end();
});

test('what a peer sends in stereo and what it plays in stereo are told apart', (t) => {
  const of = (parameters: string) => {
    const offered = section('111', 'rtpmap:111 opus/48000/2', `fmtp:111 ${parameters}`);
    return { sends: sendsStereo(offered, 111), wants: wantsStereo(offered, 111) };
  };
  t.same(of('minptime=10;stereo=1;sprop-stereo=1'), { sends: true, wants: true });
  t.same(of('sprop-stereo=1'), { sends: true, wants: false });
  t.same(of('stereo=1'), { sends: false, wants: true });
  t.same(of('sprop-stereo=0;stereo=0'), { sends: false, wants: false });
  t.same(of('x-sprop-stereo=1;sprop-stereo=11'), { sends: false, wants: false });
  t.end();
});
