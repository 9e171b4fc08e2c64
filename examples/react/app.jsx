import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useVoice } from './use-voice.js';

const query = new URLSearchParams(location.search);
const server = query.get('server') ?? 'http://localhost:8080';
const room = query.get('room') ?? 'lobby';

function App() {
  const { voice, state, people, speaking } = useVoice();
  const [name, setName] = useState('Ada');
  const [problem, setProblem] = useState('');
  const join = async () => {
    try {
      await voice.connect(server, { room, name });
      await voice.setMicrophoneEnabled(true);
      setProblem('');
    } catch (error) {
      setProblem(`${error.code}: ${error.message}`);
    }
  };
  return (
    <>
      <input id="name" aria-label="Your name" value={name} onChange={({ target }) => setName(target.value)} />
      <button id="join" type="button" onClick={join}>
        Join
      </button>
      <button id="mute" type="button" onClick={() => voice.setMicrophoneEnabled(!voice.isMicrophoneEnabled)}>
        Mute
      </button>
      <p id="status">{problem || (state.media ?? state.status)}</p>
      <ul id="people">
        {people.map(({ id, name: who, muted }) => (
          <li key={id}>
            {who}
            {muted && ' (muted)'}
            {speaking.has(id) && ' speaks'}
          </li>
        ))}
      </ul>
    </>
  );
}

createRoot(document.getElementById('app')).render(<App />);
