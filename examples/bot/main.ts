/** Says something into a room and leaves: `npm run example:bot`, with `-- --help` for the flags. */
import { parseArgs } from 'node:util';
import { chime, speech } from './sounds.ts';
import { VoiceConnection } from './voice-connection.ts';

const USAGE = `npm run example:bot -- [FLAGS]
  --server URL    http://localhost:8080 by default
  --room ROOM     lobby by default
  --name NAME     Bot by default
  --token TOKEN   a join token, if the server requires one
  --say TEXT      a sentence, spoken by espeak-ng; without it, a chime
`;

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://localhost:8080' },
    room: { type: 'string', default: 'lobby' },
    name: { type: 'string', default: 'Bot' },
    token: { type: 'string' },
    say: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const { server, room, name, token, say } = values;
  const samples = say === undefined ? chime() : await speech(say);
  const connection = await VoiceConnection.open({ server, room, name, token });
  console.log(`${name} is in ${room}.`);
  await connection.say(samples);
  await connection.leave();
  process.exit();
}
