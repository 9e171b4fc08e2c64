/** The page at `/listen/ROOM`: a button, and what is happening. */
import { canPlay, type End, play } from './player.ts';
import { type Texts, textsFor } from './texts.ts';

/** Trying again does not help. */
const FINAL: Readonly<Record<string, keyof Texts>> = {
  live_off: 'off',
  not_found: 'off',
  token_required: 'forbidden',
  token_invalid: 'forbidden',
  token_expired: 'forbidden',
  not_allowed: 'forbidden',
  room_locked: 'forbidden',
};

const EMPTY_RETRY_S = 3;

const [tag, texts] = textsFor(navigator.languages);
const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const button = element<HTMLButtonElement>('toggle');
const status = element('status');
const file = element<HTMLAnchorElement>('file');
const audio = document.body.appendChild(new Audio());
const room = location.pathname.replace(/^\/listen\//, '');
const token = new URLSearchParams(location.hash.slice(1)).get('token');
let stop: AbortController | undefined;

document.documentElement.lang = tag;
document.documentElement.dir = tag === 'ar' ? 'rtl' : 'ltr';
document.title = decoded(room);
element('room').textContent = decoded(room);
file.textContent = texts.file;
file.href = `/live/${room}.opus`;
show('listen');

if (canPlay()) button.onclick = () => (stop === undefined ? void listen() : end(''));
else {
  button.hidden = true;
  status.textContent = texts.unsupported;
}

/** Until it is stopped, or there is no hope. */
async function listen(): Promise<void> {
  const mine = new AbortController();
  stop = mine;
  show('stop');
  status.textContent = texts.connecting;
  while (stop === mine) {
    const ended = await play({
      audio,
      url: `/live/${room}.webm`,
      token,
      signal: mine.signal,
      onSound: () => {
        if (stop === mine) status.textContent = texts.live;
      },
    });
    if (stop !== mine) return;
    await goOn(ended);
  }
}

async function goOn({ code, retryAfterS }: End): Promise<void> {
  const final = FINAL[code];
  if (final !== undefined) return end(texts[final]);
  const isEmpty = code === 'nothing_to_hear';
  status.textContent = isEmpty ? texts.waiting : texts.connecting;
  // Whoever waits should not miss the beginning.
  const waitS = isEmpty ? Math.min(retryAfterS, EMPTY_RETRY_S) : retryAfterS;
  await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
}

function end(why: string): void {
  stop?.abort();
  stop = undefined;
  show('listen');
  status.textContent = why;
}

function show(what: 'listen' | 'stop'): void {
  button.textContent = texts[what];
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
