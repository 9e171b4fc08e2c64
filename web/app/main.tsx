import { effect } from '@preact/signals';
import { render } from 'preact';
import { Call } from './call.ts';
import { forgetCall, isReload, keptCall } from './call-memory.ts';
import { isEmbedded } from './embedded.ts';
import { joinToken, takeTokenFromAddress } from './join-token.ts';
import { JoinView } from './join-view.tsx';
import { language } from './language.ts';
import { RoomView } from './room-view.tsx';
import { watchTab } from './signals/tab.ts';
import { registerServiceWorker } from './system/install.ts';

function App({ call }: { call: Call }) {
  const { status } = call.state.value;
  return status === 'connected' || status === 'reconnecting' ? (
    <RoomView call={call} />
  ) : (
    <JoinView key={joinToken.value?.text} call={call} />
  );
}

document.documentElement.lang = language.tag;
document.documentElement.dir = language.direction;
takeTokenFromAddress();
addEventListener('hashchange', takeTokenFromAddress);
const root = document.getElementById('app');
if (root === null) throw new Error('The page has no #app.');
// Outside the rendered views, so that no change of view interrupts the sound.
const audio = document.createElement('audio');
document.body.append(audio);
const call = new Call(audio);
/** A reload, or a way back to the page, does not end a call. */
const resume = () => {
  const kept = keptCall();
  forgetCall();
  if (kept !== null && !call.isInCall) void call.rejoin(kept);
};
if (isReload()) resume();
addEventListener('pageshow', (event) => {
  if (event.persisted) resume();
});
let isOnSystem = false;
effect(() => {
  if (isOnSystem || !call.isInCall) return;
  isOnSystem = true;
  // A call works without it.
  import('./system/show-on-system.ts').then(({ showOnSystem }) => showOnSystem(call)).catch(() => {});
});
if (isEmbedded()) void import('./embed.ts').then(({ obeyParent }) => obeyParent(call));
else void registerServiceWorker();
watchTab(call);
render(<App call={call} />, root);
