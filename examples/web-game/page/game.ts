/** The game in the browser. The game server says where everybody is, and the voice server mixes what they hear. */
import { openMicrophone } from '../../../web/sdk/microphone.ts';
import { watchNetwork } from '../../../web/sdk/network-watch.ts';
import { VoiceClient } from '../../../web/sdk/voice-client.ts';
import type { GameMessage, PageMessage, PlayerView } from '../messages.ts';
import { DEPTH, type Direction, EARSHOT, WALL, WIDTH } from '../world.ts';

const STEPS: Readonly<Record<string, Direction>> = {
  ...{ KeyW: { x: 0, z: -1 }, KeyA: { x: -1, z: 0 }, KeyS: { x: 0, z: 1 }, KeyD: { x: 1, z: 0 } },
  ...{ ArrowUp: { x: 0, z: -1 }, ArrowLeft: { x: -1, z: 0 }, ArrowDown: { x: 0, z: 1 }, ArrowRight: { x: 1, z: 0 } },
};
const RADIO_KEY = 'KeyR';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const [entry, world, status] = [element<HTMLFormElement>('entry'), element('world'), element('status')];
const nameField = element<HTMLInputElement>('name');
const speaker = document.body.appendChild(document.createElement('audio'));

const voice = new VoiceClient();
const figures = new Map<string, HTMLElement>();
const heldKeys = new Set<string>();
let ownId = '';
let hasMicrophone = false;

// Voice.

voice.on('stream', (stream) => {
  // One element plays everybody: the server has already placed them to the left and to the right.
  speaker.srcObject = stream;
  void speaker.play();
});
voice.on('levels', (levels) => {
  // Only those whom this player can hear, so the page cannot reveal who speaks out of earshot.
  const speaking = new Set(Array.from(levels.keys(), (id) => voice.participants.get(id)?.identity));
  for (const [id, figure] of figures) figure.classList.toggle('speaking', speaking.has(id));
});
voice.on('state', (state) => {
  const isReady = state.status === 'connected' && state.media === 'connected';
  const ready = hasMicrophone ? 'You can talk' : 'You can only listen: there is no microphone';
  status.textContent = isReady ? ready : `Voice: ${state.status}`;
});
voice.on('error', ({ message }) => {
  status.textContent = message;
});
watchNetwork(voice);

/** Near players always hear this one. While the key is held, so does everybody with a radio, however far away. */
function holdRadio(isHeld: boolean): void {
  voice.channels.talkTo({ room: true, channels: isHeld ? ['radio'] : [] });
}

// Keys.

function keyChanged(event: KeyboardEvent, isDown: boolean): void {
  const { code, repeat } = event;
  if (ownId === '') return;
  // Arrow keys would also scroll a page that is larger than the window.
  if (STEPS[code] !== undefined) event.preventDefault();
  if (repeat) return;
  if (code === RADIO_KEY) holdRadio(isDown);
  if (STEPS[code] === undefined) return;
  if (isDown) heldKeys.add(code);
  else heldKeys.delete(code);
  walkOn();
}

function walkOn(): void {
  const steps = Array.from(heldKeys, (code) => STEPS[code] ?? { x: 0, z: 0 });
  const along = (axis: 'x' | 'z') => Math.sign(steps.reduce((sum, step) => sum + step[axis], 0)) as -1 | 0 | 1;
  send({ type: 'walk', x: along('x'), z: along('z') });
}

addEventListener('keydown', (event) => keyChanged(event, true));
addEventListener('keyup', (event) => keyChanged(event, false));
addEventListener('blur', () => {
  // The page does not learn that a key is released in another window.
  if (ownId === '') return;
  heldKeys.clear();
  walkOn();
  holdRadio(false);
});

// The game server.

let socket: WebSocket | undefined;

function send(message: PageMessage): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function receive(message: GameMessage): void {
  if (message.type === 'players') {
    draw(message.players);
    return;
  }
  ownId = message.id;
  const { url, ...options } = message.voice;
  // The client repairs later losses of the connection. Errors here are shown with the state.
  voice.connect(url, options).catch(() => {});
}

entry.addEventListener('submit', async (event) => {
  event.preventDefault();
  entry.hidden = true;
  // In the handler of a click: browsers ask for that before they open a microphone or play sound.
  const microphone = await openMicrophone({
    processing: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  hasMicrophone = microphone.ok;
  if (microphone.ok) voice.setMicrophone(microphone.track);
  socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/`);
  socket.addEventListener('open', () => send({ type: 'enter', name: nameField.value }));
  socket.addEventListener('message', ({ data }) => receive(JSON.parse(data)));
  socket.addEventListener('close', () => {
    voice.close();
    status.textContent = 'The game is gone. Reload the page to try again.';
  });
});

// The picture: one element for each player.

function draw(players: readonly PlayerView[]): void {
  const present = new Set(players.map(({ id }) => id));
  for (const [id, figure] of figures) {
    if (present.has(id)) continue;
    figure.remove();
    figures.delete(id);
  }
  for (const { id, name, x, z } of players) {
    const figure = figures.get(id) ?? addFigure(id, name);
    Object.assign(figure.dataset, { x, z });
    place(figure, { left: x, top: z });
  }
}

function addFigure(id: string, name: string): HTMLElement {
  const figure = document.createElement('div');
  figure.className = id === ownId ? 'player self' : 'player';
  figure.dataset['name'] = name;
  const label = document.createElement('span');
  label.textContent = name;
  figure.append(label);
  world.append(figure);
  figures.set(id, figure);
  return figure;
}

/** In metres from the top left corner. */
function place(figure: HTMLElement, { left, top }: { readonly left: number; readonly top: number }): void {
  figure.style.left = `${(100 * left) / WIDTH}%`;
  figure.style.top = `${(100 * top) / DEPTH}%`;
}

function drawWall(): void {
  const wall = element('wall');
  place(wall, WALL);
  wall.style.width = `${(100 * (WALL.right - WALL.left)) / WIDTH}%`;
  wall.style.height = `${(100 * (WALL.bottom - WALL.top)) / DEPTH}%`;
  const showEarshot = () => world.style.setProperty('--earshot', `${(world.clientWidth * EARSHOT) / WIDTH}px`);
  addEventListener('resize', showEarshot);
  showEarshot();
}

drawWall();
