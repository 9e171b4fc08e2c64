import { test } from 'tap';
import { SoundModel } from '../../../web/app/sounds/sound-model.ts';
import type { RecordingState } from '../../../web/sdk/voice-events.ts';

test('the right to play sounds is that of the room', (t) => {
  let enter: (state: RecordingState) => void = () => {};
  const on = ((name: string, listener: typeof enter) => {
    if (name === 'recording') enter = listener;
    return () => {};
  }) as ConstructorParameters<typeof SoundModel>[0]['on'];
  const { key } = new SoundModel({ on });
  t.equal(key.value, null);
  enter({ type: 'joined', soundKey: 'a' });
  t.equal(key.value, 'a');
  enter({ type: 'recording', recording: null });
  t.equal(key.value, 'a', 'a recording changes nothing');
  enter({ type: 'moved' });
  t.equal(key.value, null);
  enter({ type: 'moved', soundKey: 'b' });
  t.equal(key.value, 'b', 'another room, into which they came with a token of its own');
  t.end();
});
