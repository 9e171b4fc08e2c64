import { test } from 'tap';
import { VoiceRoom } from '../../web/sdk/voice-room.ts';
import { FakeBrowser, FakeTrack, OPTIONS, settle, URL } from './fake-browser.ts';

/** An audio element in a browser that plays nothing without a click, or only through its default device. */
class FakeAudio {
  autoplay = false;
  muted = false;
  srcObject: unknown = null;
  isAllowed = false;
  sinkId = '';
  readonly devices = new Set(['', 'headset']);

  async play(): Promise<void> {
    if (!this.isAllowed) throw new DOMException('no gesture', 'NotAllowedError');
  }

  pause(): void {}

  async setSinkId(id: string): Promise<void> {
    if (!this.devices.has(id)) throw new DOMException('no such device', 'NotFoundError');
    this.sinkId = id;
  }
}

async function setUp() {
  const browser = new FakeBrowser();
  const audio = new FakeAudio();
  const room = new VoiceRoom({
    audio: audio as unknown as HTMLAudioElement,
    environment: browser.environment,
  });
  const connecting = room.connect(URL, OPTIONS);
  await browser.acceptJoin();
  await connecting;
  await browser.acceptMedia();
  return { browser, audio, room };
}

test('what the browser does not play without a click is told, and a click plays it', async (t) => {
  const { browser, audio, room } = await setUp();
  const told: boolean[] = [];
  room.on('audioBlocked', (isBlocked) => told.push(isBlocked));
  browser.connection.ontrack?.({ track: new FakeTrack() });
  await settle();
  t.not(audio.srcObject, null);
  t.equal(room.canPlayAudio, false);
  t.equal(await room.startAudio(), false);
  audio.isAllowed = true;
  t.equal(await room.startAudio(), true);
  t.same(told, [true, false]);
  room.close();
  t.equal(audio.srcObject, null);
  t.equal(browser.timers, 0);
});

test('a loudspeaker that is gone is an error with a code, and the default one is used', async (t) => {
  const { audio, room } = await setUp();
  await room.switchDevice('audiooutput', 'headset');
  t.equal(room.speaker.deviceId, 'headset');
  await t.rejects(room.switchDevice('audiooutput', 'unplugged'), {
    name: 'DeviceError',
    kind: 'audiooutput',
    code: 'none',
  });
  t.equal(audio.sinkId, '');
  t.equal(room.speaker.deviceId, '');
  room.close();
});

test('without a microphone, enabling it is an error with a code', async (t) => {
  const { browser, room } = await setUp();
  await t.rejects(room.setMicrophoneEnabled(true), { name: 'DeviceError', kind: 'audioinput', code: 'unsupported' });
  t.equal(room.isMicrophoneEnabled, false);
  await room.setMicrophoneEnabled(false);
  t.equal(room.muted, true);
  t.match(browser.socket.sentOf('state').at(-1), { muted: true });
  room.close();
});
