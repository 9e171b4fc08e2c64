import { render } from 'preact';
import type { Call } from '../call.ts';
import { HeadphonesIcon, HeadphonesOffIcon, MicrophoneIcon, MicrophoneOffIcon } from '../icons.tsx';
import { strings } from '../language.ts';
import type { PictureInPicture } from './mini-player-button.tsx';

const texts = strings.mini;
const SIZE = { width: 320, height: 220 };

/**
 * Shows the call in a small window on top of all others (WICG, Document Picture-in-Picture). Call it from a click.
 * Resolves with a function that closes it.
 */
export async function openMiniPlayer(call: Call, source: PictureInPicture): Promise<() => void> {
  const window = await source.requestWindow(SIZE);
  const { document: page } = window;
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"]')) page.head.append(sheet.cloneNode());
  page.title = call.room.value;
  page.documentElement.lang = document.documentElement.lang;
  page.documentElement.dir = document.documentElement.dir;
  page.body.className = 'mini';
  render(<MiniPlayer call={call} />, page.body);
  window.addEventListener('pagehide', () => render(null, page.body));
  return () => window.close();
}

function MiniPlayer({ call }: { call: Call }) {
  const people = call.participants.value;
  const speakers = [...call.levels.value.keys()].flatMap((id) => people.get(id) ?? []);
  const isMuted = call.voice.muted.value;
  const isDeafened = call.voice.deafened.value;
  return (
    <main data-testid="mini">
      <h1 dir="auto">{call.room.value}</h1>
      <p class="quiet">{strings.room.count(people.size)}</p>
      {speakers.length === 0 ? (
        <p class="quiet">{strings.room.nobodyTalks}</p>
      ) : (
        <ul>
          {speakers.map(({ id, name }) => (
            <li key={id} dir="auto" data-testid="mini-speaker">
              {name}
            </li>
          ))}
        </ul>
      )}
      <div class="mini-buttons">
        {call.microphone.track.value !== null && (
          <button
            type="button"
            class="button"
            data-testid="mini-mute"
            aria-pressed={isMuted}
            disabled={call.self.value?.mutedByModerator === true}
            onClick={() => call.setMuted(!isMuted)}
          >
            {isMuted ? <MicrophoneOffIcon /> : <MicrophoneIcon />}
            {strings.room.mute}
          </button>
        )}
        <button
          type="button"
          class="button"
          data-testid="mini-deafen"
          aria-pressed={isDeafened}
          onClick={() => call.setDeafened(!isDeafened)}
        >
          {isDeafened ? <HeadphonesOffIcon /> : <HeadphonesIcon />}
          {strings.room.deafen}
        </button>
        <button type="button" class="button" onClick={() => call.leave()}>
          {texts.leave}
        </button>
      </div>
    </main>
  );
}
