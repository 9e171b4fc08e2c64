/** Joins the voice room, and reports there where the game's player is. */
import { openMicrophone } from '../../../web/sdk/microphone.ts';
import { watchNetwork } from '../../../web/sdk/network-watch.ts';
import { VoiceClient } from '../../../web/sdk/voice-client.ts';
import type { LinkState } from '../link-memory.ts';
import type { HelperMessage } from '../messages.ts';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const [entry, nameField] = [element<HTMLFormElement>('entry'), element<HTMLInputElement>('name')];
const speaker = document.body.appendChild(document.createElement('audio'));

let hasMicrophone = false;

const voice = new VoiceClient();
voice.on('stream', (stream) => {
  speaker.srcObject = stream;
  void speaker.play();
});
voice.on('state', (state) => {
  const isReady = state.status === 'connected' && state.media === 'connected';
  const ready = hasMicrophone ? 'You can talk' : 'You can only listen: there is no microphone';
  element('voice').textContent = isReady ? ready : `Voice: ${state.status}`;
});
voice.on('error', ({ message }) => {
  element('voice').textContent = message;
});
watchNetwork(voice);

function show(state: LinkState): void {
  const texts = {
    absent: 'No game reports where you are. Is its link to Mumble switched on?',
    paused: 'The game is paused. Others hear you from where you were.',
    playing: 'Others hear you from where you are.',
  };
  element('game').textContent = state.kind === 'absent' ? texts.absent : `${state.name}: ${texts[state.kind]}`;
  if (state.kind === 'playing') voice.player.pose(state.position, state.yaw);
}

let room: Extract<HelperMessage, { type: 'voice' }> | undefined;
const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/`);
socket.addEventListener('message', ({ data }) => {
  const message: HelperMessage = JSON.parse(data);
  if (message.type === 'voice') room = message;
  else show(message.state);
});
socket.addEventListener('close', () => {
  element('game').textContent = 'The helper has ended. Start it again and reload the page.';
});

entry.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (room === undefined) return;
  entry.hidden = true;
  const microphone = await openMicrophone({
    processing: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  hasMicrophone = microphone.ok;
  if (microphone.ok) voice.setMicrophone(microphone.track);
  const { url, room: name, token } = room;
  // The page shows errors together with the state.
  voice.connect(url, { room: name, name: nameField.value, ...(token !== undefined && { token }) }).catch(() => {});
});
