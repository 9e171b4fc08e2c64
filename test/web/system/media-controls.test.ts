import { test } from 'tap';
import { MediaControls, type MediaSessionSource } from '../../../web/app/system/media-controls.ts';

interface Shown {
  readonly title?: string;
  readonly artist?: string;
}

(globalThis as { MediaMetadata?: unknown }).MediaMetadata = class {
  constructor(init: Shown) {
    Object.assign(this, init);
  }
};

function setUp(unknown: readonly string[] = []) {
  const done: string[] = [];
  const handlers = new Map<string, () => void>();
  const source = {
    metadata: null as Shown | null,
    setActionHandler: (action: string, handler: (() => void) | null) => {
      if (unknown.includes(action)) throw new TypeError(`unknown action ${action}`);
      if (handler === null) handlers.delete(action);
      else handlers.set(action, handler);
    },
    setMicrophoneActive: (isActive: boolean) => void done.push(isActive ? 'microphone on' : 'microphone off'),
  };
  const actions = { toggleMicrophone: () => void done.push('toggle'), hangUp: () => void done.push('hang up') };
  return { controls: new MediaControls(actions, source as unknown as MediaSessionSource), source, handlers, done };
}

const CALL = { room: 'lobby', people: '3 people', isMicrophoneActive: true };

test('the system shows the call, and its buttons work', async (t) => {
  const { controls, source, handlers, done } = setUp();
  controls.show(null);
  t.equal(source.metadata, null);
  done.splice(0);
  controls.show(CALL);
  t.match(source.metadata, { title: 'lobby', artist: '3 people' });
  handlers.get('togglemicrophone')?.();
  handlers.get('hangup')?.();
  t.same(done.splice(0), ['microphone on', 'toggle', 'hang up']);
  controls.show({ ...CALL, isMicrophoneActive: false });
  t.same(done, ['microphone off']);
  controls.show(null);
  t.same([source.metadata, [...handlers.keys()]], [null, []], 'nothing is left after the call');
});

test('browsers that know less show what they can', async (t) => {
  const { controls, source, handlers } = setUp(['togglemicrophone']);
  controls.show(CALL);
  t.match(source.metadata, { title: 'lobby' });
  t.same([...handlers.keys()], ['hangup']);
  new MediaControls({ toggleMicrophone: () => {}, hangUp: () => {} }, null).show(CALL);
});
