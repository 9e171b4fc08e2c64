import fc from 'fast-check';
import { test } from 'tap';
import { roomKey, roomName } from '../../src/rooms/names.ts';
import {
  isRoomName,
  isSameRoom,
  pathOfRoom,
  roomOfPath,
  suggestRoomName,
  tidyRoomName,
} from '../../web/app/room-link.ts';

function accepts(text: string): boolean {
  try {
    roomName(text);
    return true;
  } catch {
    return false;
  }
}

test('a room is found in every way to write its link', async (t) => {
  const rooms: Readonly<Record<string, string | null>> = {
    '/room/lobby': 'lobby',
    '/room/lobby/': 'lobby',
    '/Room/Lobby//': 'Lobby',
    '/room/my%20room': 'my room',
    '/room/%20my%20%20room%2F': 'my room',
    '/room/caf%C3%A9': 'café',
    '/room/cafe%CC%81': 'café',
    '/room/%zz': '%zz',
    '/room/a%2Fb': 'a/b',
    '/room/a/b': 'a/b',
    '/room/a//b%20c/': 'a/b c',
    '/room//': null,
    '/room/': null,
    '/room': null,
    '/': null,
  };
  for (const [path, room] of Object.entries(rooms)) t.equal(roomOfPath(path), room, path);
});

test('what people type or paste becomes a name, or a suggestion', async (t) => {
  t.equal(tidyRoomName('  My   Room/ '), 'My Room');
  t.equal(tidyRoomName('https://voice.example/room/my-room/#x'), 'my-room');
  t.equal(tidyRoomName('http://[broken'), 'http://[broken');
  const suggestions: Readonly<Record<string, string>> = {
    'Ada’s room!': 'Adas-room',
    'a/!b?': 'a/b',
    'a/!/b': 'a/b',
    'a?b': 'a-b',
    '%zz': 'zz',
    'C#': 'C',
    '🎉 party 🎉': 'party',
    '...': '',
    '🎉': '',
    [`${'x'.repeat(63)}!!y`]: 'x'.repeat(63),
  };
  for (const [text, suggestion] of Object.entries(suggestions)) t.equal(suggestRoomName(text), suggestion, text);
});

test('the page and the server agree on names, and every suggestion is one', async (t) => {
  const characters = fc.constantFrom(...'aB7 -_./!é🎉\u0301\u3000%', '部', 'ß', 'Σ');
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 70 }), (parts) => {
      const text = parts.join('');
      const name = tidyRoomName(text);
      if (isRoomName(name) !== accepts(text)) throw new Error(`${JSON.stringify(text)} is one for one of them only`);
      const suggestion = suggestRoomName(text);
      if (suggestion !== '' && !accepts(suggestion)) throw new Error(`${JSON.stringify(suggestion)} is suggested`);
      if (!isRoomName(name)) return;
      const linked = roomOfPath(pathOfRoom(name)) ?? '';
      if (roomKey(linked) !== roomKey(name) || !isSameRoom(linked, name))
        throw new Error(`the link of ${JSON.stringify(name)} leads to ${JSON.stringify(linked)}`);
    }),
  );
  t.pass();
});
