import { test } from 'tap';
import { OwnVoice } from '../../web/app/own-voice.ts';

function setUp({ mayUnmute = true } = {}) {
  const told: string[] = [];
  const controls = {
    mayUnmute,
    setMuted: (muted: boolean) => void told.push(muted ? 'muted' : 'unmuted'),
    setDeafened: (deafened: boolean) => void told.push(deafened ? 'deafened' : 'hears'),
  };
  const voice = new OwnVoice(controls);
  voice.start(false);
  return { voice, controls, told };
}

test('deafening mutes, too, and hearing again restores what was before', async (t) => {
  const { voice, told } = setUp();
  voice.setDeafened(true);
  t.same(told.splice(0), ['muted', 'deafened'], 'muted first: nothing is heard of somebody who cannot hear');
  t.same([voice.muted.value, voice.deafened.value], [true, true]);
  voice.setDeafened(false);
  t.same(told.splice(0), ['hears', 'unmuted']);
  voice.setMuted(true);
  voice.setDeafened(true);
  voice.setDeafened(false);
  t.same(told.splice(0), ['muted', 'deafened', 'hears'], 'whoever was muted before stays muted');
  t.equal(voice.muted.value, true);
});

test('whoever unmutes while deafened hears again', async (t) => {
  const { voice, told } = setUp();
  voice.setDeafened(true);
  told.splice(0);
  voice.setMuted(false);
  t.same(told, ['hears', 'unmuted']);
  t.same([voice.muted.value, voice.deafened.value], [false, false]);
});

test('whoever mutes while deafened stays muted afterwards', async (t) => {
  const { voice } = setUp();
  voice.setDeafened(true);
  voice.setMuted(true);
  voice.setDeafened(false);
  t.equal(voice.muted.value, true);
});

test('a moderator’s mute outlasts being deafened', async (t) => {
  const { voice, controls, told } = setUp();
  voice.setDeafened(true);
  controls.mayUnmute = false;
  voice.obey(true);
  told.splice(0);
  voice.setMuted(false);
  t.same(told, [], 'and unmuting is no way to hear');
  voice.setDeafened(false);
  t.same(told, ['hears']);
  t.equal(voice.muted.value, true);
});

test('what is kept for a reload is what the person chose', async (t) => {
  const { voice } = setUp();
  voice.setDeafened(true);
  t.same(voice.choice, { muted: false, deafened: true });
  const again = setUp();
  again.voice.start(voice.choice.muted, voice.choice.deafened);
  t.equal(again.voice.muted.value, true);
  again.voice.setDeafened(false);
  t.equal(again.voice.muted.value, false);
  t.same(again.told, ['hears', 'unmuted']);
});

test('with push to talk, somebody is heard only while they hold the key, and never while muted', async (t) => {
  const { voice, told } = setUp();
  voice.setTalkMode('push');
  t.same(told.splice(0), ['muted']);
  voice.hold(true);
  t.equal(voice.isSending.value, true);
  voice.hold(false);
  t.same(told.splice(0), ['unmuted', 'muted']);
  t.equal(voice.muted.value, false, 'the button does not move');
  voice.setMuted(true);
  voice.hold(true);
  t.equal(voice.isSending.value, false);
  t.same(told, []);
  voice.setMuted(false);
  t.same(told.splice(0), ['unmuted'], 'the key is still down');
  voice.setDeafened(true);
  voice.setDeafened(false);
  t.same(told.splice(0), ['muted', 'deafened', 'hears', 'unmuted']);
  voice.setTalkMode('open');
  voice.setTalkMode('mute');
  voice.hold(true);
  voice.hold(false);
  t.same(told, ['muted', 'unmuted']);
});

test('a moderator’s mute outlasts the key', async (t) => {
  const { voice, controls, told } = setUp();
  voice.setTalkMode('push');
  voice.hold(true);
  controls.mayUnmute = false;
  voice.obey(true);
  told.splice(0);
  voice.hold(false);
  voice.hold(true);
  t.same(told, []);
});

test('a whisper goes out whatever else is chosen, and only as long as it lasts', async (t) => {
  const { voice, controls, told } = setUp();
  voice.setMuted(true);
  told.splice(0);
  voice.force(true);
  t.equal(voice.muted.value, true, 'the button does not move');
  voice.force(false);
  t.same(told.splice(0), ['unmuted', 'muted']);
  voice.setMuted(false);
  voice.setTalkMode('push');
  told.splice(0);
  voice.force(true);
  voice.force(false);
  t.same(told.splice(0), ['unmuted', 'muted']);
  controls.mayUnmute = false;
  voice.force(true);
  t.same(told, []);
});
