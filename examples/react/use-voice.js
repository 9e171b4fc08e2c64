import { useEffect, useState } from 'react';
// In your own application: import { VoiceRoom } from '@partyline/client';
import { VoiceRoom } from '../../web/sdk/index.ts';

/** A voice room for the life of a component, and what to show of it. */
export function useVoice() {
  const [voice] = useState(() => new VoiceRoom());
  const [state, setState] = useState(voice.state);
  const [people, setPeople] = useState([]);
  const [speaking, setSpeaking] = useState(new Set());
  useEffect(() => {
    const stops = [
      voice.on('state', setState),
      voice.on('participants', (all) => setPeople([...all.values()])),
      voice.on('activeSpeakers', (speakers) => setSpeaking(new Set(speakers.map(({ id }) => id)))),
    ];
    return () => {
      for (const stop of stops) stop();
      voice.leave();
    };
  }, [voice]);
  return { voice, state, people, speaking };
}
