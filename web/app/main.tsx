import { render } from 'preact';
import { Call } from './call.ts';
import { joinToken, takeTokenFromAddress } from './join-token.ts';
import { JoinView } from './join-view.tsx';
import { RoomView } from './room-view.tsx';

function App({ call }: { call: Call }) {
  const { status } = call.state.value;
  return status === 'connected' || status === 'reconnecting' ? (
    <RoomView call={call} />
  ) : (
    <JoinView key={joinToken.value?.text} call={call} />
  );
}

takeTokenFromAddress();
addEventListener('hashchange', takeTokenFromAddress);
const root = document.getElementById('app');
if (root === null) throw new Error('The page has no #app.');
// Outside the rendered views, so that no change of view interrupts the sound.
const audio = document.createElement('audio');
audio.autoplay = true;
document.body.append(audio);
render(<App call={new Call(audio)} />, root);
