import { test } from 'tap';
import { type MicrophoneSource, openMicrophone } from '../../web/sdk/microphone.ts';

const processing = { echoCancellation: true, noiseSuppression: false, autoGainControl: true };

function failing(name: string): MicrophoneSource {
  return { getUserMedia: () => Promise.reject(Object.assign(new Error('because'), { name })) };
}

test('every failure of getUserMedia has its own result', async (t) => {
  const expected = {
    NotAllowedError: 'denied',
    NotFoundError: 'none',
    NotReadableError: 'in_use',
    AbortError: 'in_use',
    OverconstrainedError: 'overconstrained',
    NotSupportedError: 'unsupported',
    SecurityError: 'denied',
    TypeError: 'other',
    NeverSeenError: 'other',
  };
  for (const [name, failure] of Object.entries(expected)) {
    t.same(await openMicrophone({ processing }, failing(name), true), {
      ok: false,
      failure,
      detail: `${name}: because`,
    });
  }
  t.match(await openMicrophone({ processing }, failing('SecurityError'), false), { failure: 'insecure_origin' });
});

test('a browser without getUserMedia is distinguished from a page that may not use it', async (t) => {
  t.match(await openMicrophone({ processing }, undefined, false), { ok: false, failure: 'insecure_origin' });
  t.match(await openMicrophone({ processing }, undefined, true), { ok: false, failure: 'unsupported' });
});

test('whatever is thrown becomes a result', async (t) => {
  for (const thrown of [undefined, null, 'text', 7, {}]) {
    const source: MicrophoneSource = { getUserMedia: () => Promise.reject(thrown) };
    t.match(await openMicrophone({ processing }, source, true), { ok: false, failure: 'other' });
  }
});

test('the selected device and processing are requested, and the track is returned', async (t) => {
  const asked: unknown[] = [];
  const track = {};
  const source = {
    getUserMedia: async (constraints: unknown) => {
      asked.push(constraints);
      return { getAudioTracks: () => [track] };
    },
  } as unknown as MicrophoneSource;
  t.same(await openMicrophone({ processing, deviceId: 'usb' }, source, true), { ok: true, track });
  await openMicrophone({ processing }, source, true);
  t.same(asked, [
    { audio: { ...processing, channelCount: { ideal: 1 }, deviceId: { ideal: 'usb' } } },
    { audio: { ...processing, channelCount: { ideal: 1 } } },
  ]);
});
