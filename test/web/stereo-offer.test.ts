import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { parseOffer } from '../../src/rtc/sdp/sdp-offer.ts';
import { askForStereo } from '../../web/sdk/stereo-offer.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');

test('a Chromium offer asks for stereo afterwards, and differs in nothing else', async (t) => {
  const before = fixture('chromium-audio');
  const after = askForStereo(before);
  t.notOk(parseOffer(before).wantsStereo);
  t.ok(parseOffer(after).wantsStereo);
  const changed = after.split('\r\n').filter((line, index) => line !== before.split('\r\n')[index]);
  t.equal(changed.length, 1);
  t.match(changed[0], /^a=fmtp:111 .*;stereo=1$/);
  t.equal(askForStereo(after), after, 'asking twice changes nothing');
});

test('Firefox asks by itself', async (t) => {
  const offer = fixture('firefox-audio');
  t.ok(parseOffer(offer).wantsStereo);
  t.equal(askForStereo(offer), offer);
});

test('only Opus is changed, and an explicit mono is respected', async (t) => {
  const offer = 'a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 stereo=0\r\n';
  t.equal(askForStereo(offer), offer);
});
