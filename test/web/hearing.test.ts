import { test } from 'tap';
import { joined, OPTIONS, person, setUp, setUpInRoom, URL } from './fake-browser.ts';

test('a gain is sent, shown at once, and not sent to others', async (t) => {
  const { browser, client } = await setUpInRoom();
  const shown: [string, number][][] = [];
  client.on('hearing', (hearing) => shown.push([...hearing]));
  client.hear('other', 0.5);
  t.same(browser.socket.sentOf('hear'), [{ type: 'hear', participantId: 'other', gain: 0.5 }]);
  t.same(shown, [[['other', 0.5]]]);
  t.same([...client.hearing], [['other', 0.5]]);
  browser.socket.receive({ type: 'hearing', participantId: 'other', gain: 0.5 });
  await browser.advance(1000);
  client.hear('other', 1);
  t.same([...client.hearing], []);
  t.same(browser.socket.sentOf('hear').at(-1), { type: 'hear', participantId: 'other', gain: 1 });
});

test('a dragged slider sends its latest position ten times a second, and a reply in transit does not move it', async (t) => {
  const { browser, client } = await setUpInRoom();
  for (let step = 0; step < 50; step++) {
    client.hear('other', 1 + step / 50);
    if (step === 30) browser.socket.receive({ type: 'hearing', participantId: 'other', gain: 1 });
    t.equal(client.hearing.get('other'), step === 0 ? undefined : 1 + step / 50);
    await browser.advance(10);
  }
  await browser.advance(200);
  const sent = browser.socket.sentOf('hear').map(({ gain }) => gain);
  t.ok(sent.length >= 5 && sent.length <= 7, `${sent.length} messages`);
  t.equal(sent.at(-1), 1 + 49 / 50);
});

test('a gain out of range is refused, and one for nobody, or for oneself, is not sent', async (t) => {
  const { browser, client } = await setUpInRoom();
  for (const gain of [-0.1, 2.1, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => client.hear('other', gain), RangeError);
  client.hear('nobody', 0.5);
  client.hear('me', 0.5);
  t.same(browser.socket.sentOf('hear'), []);
});

test('the server sends the gains it keeps, and the browser adds those it remembers, for later participants too', async (t) => {
  const { browser, client } = await setUpInRoom();
  client.hear('other', 0.25);
  client.leave();
  const connecting = client.connect(URL, OPTIONS);
  browser.socket.open();
  browser.socket.receive({
    ...joined(),
    participants: [person('me'), person('b')],
    hearing: [['b', 0.75]],
  } as ReturnType<typeof joined>);
  await connecting;
  t.same([...client.hearing], [['b', 0.75]]);
  t.same(browser.socket.sentOf('hear'), []);
  browser.socket.receive({ type: 'participant_joined', participant: person('other again', { name: 'name of other' }) });
  t.same(browser.socket.sentOf('hear'), [{ type: 'hear', participantId: 'other again', gain: 0.25 }]);
  browser.socket.receive({
    type: 'moved',
    room: 'next',
    entry: 'open',
    locked: false,
    participants: [person('me')],
    hearing: [],
    channels: [],
    mayWhisper: true,
    talking: [],
    shoutsTo: [],
    listeners: 0,
    chat: null,
  });
  t.same([...client.hearing], []);
});

test('no timer is left after the room', async (t) => {
  const { browser, client } = setUp();
  const connecting = client.connect(URL, OPTIONS);
  await browser.acceptJoin();
  await connecting;
  client.hear('other', 0.5);
  client.close();
  await browser.advance(60_000);
  t.equal(browser.timers, 0);
});
