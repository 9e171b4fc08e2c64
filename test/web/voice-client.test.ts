import { test } from 'tap';
import { FakeTrack, OPTIONS, person, settle, setUp, setUpInRoom, URL } from './fake-browser.ts';

test('joining', async (t) => {
  t.test('a join is sent when the socket opens, and the offer follows without another round trip', async (t) => {
    const { browser, client, states } = setUp();
    const connecting = client.connect(URL, { ...OPTIONS, muted: true });
    t.equal(browser.socket.url, URL);
    t.same(browser.socket.sent, []);
    await browser.acceptJoin();
    await connecting;
    t.same(browser.socket.sent, [
      {
        type: 'join',
        room: 'lobby',
        name: 'Ada',
        muted: true,
        deafened: false,
        hasMicrophone: false,
        batches: true,
        pages: true,
        redirects: true,
        chat: true,
        data: true,
      },
      { type: 'offer', sdp: 'offer of connection 1' },
    ]);
    await browser.acceptMedia();
    t.same(browser.connection.remoteDescription, { type: 'answer', sdp: 'answer' });
    t.same(states, [
      { status: 'connecting' },
      { status: 'connected', media: 'connecting' },
      { status: 'connected', media: 'connected' },
    ]);
    t.equal(client.participantId, 'me');
    t.same([...client.participants.keys()], ['me', 'other']);
  });

  t.test('one transceiver sends and receives Opus with RED first, and requests no extra delay', async (t) => {
    const { browser } = await setUpInRoom();
    const { direction, codecs, receiver, sender } = browser.connection.transceiver;
    t.equal(direction, 'sendrecv');
    t.same(codecs, ['audio/red', 'audio/opus']);
    t.equal(receiver.jitterBufferTarget, 0);
    t.equal(sender.track, null);
    t.same(browser.connection.configuration.iceServers, [{ urls: ['stun:192.0.2.1'] }]);
  });

  t.test('the received track is exposed as a stream', async (t) => {
    const { browser, client } = await setUpInRoom();
    const streams: unknown[] = [];
    client.on('stream', (stream) => streams.push(stream));
    const track = new FakeTrack();
    browser.connection.ontrack?.({ track });
    t.same(streams, [{ tracks: [track] }]);
  });

  t.test('a full room refuses with its code, and nothing is tried again', async (t) => {
    const { browser, client } = setUp();
    const connecting = client.connect(URL, OPTIONS);
    browser.socket.open();
    browser.socket.receive({ type: 'error', code: 'room_full', message: 'The room is full.' });
    await t.rejects(connecting, { code: 'room_full', message: 'The room is full.' });
    t.same(client.state, { status: 'closed', reason: 'room_full', message: 'The room is full.' });
    t.equal(browser.socket.isClosedByClient, true);
    await browser.advance(60_000);
    t.equal(browser.sockets.length, 1);
    t.equal(browser.timers, 0);
  });

  t.test('a server that cannot be reached is an error at the first join', async (t) => {
    const { browser, client } = setUp();
    const connecting = client.connect(URL, OPTIONS);
    browser.socket.drop();
    await t.rejects(connecting, { code: 'unreachable' });
    t.match(client.state, { status: 'closed', reason: 'unreachable' });
  });

  t.test('a socket that never opens is given up', async (t) => {
    const { browser, client } = setUp();
    const connecting = client.connect(URL, OPTIONS);
    const refused = t.rejects(connecting, { code: 'unreachable' });
    await browser.advance(10_000);
    await refused;
  });

  t.test('leaving before the server has answered ends the attempt', async (t) => {
    const { browser, client } = setUp();
    const refused = t.rejects(client.connect(URL, OPTIONS), { code: 'left' });
    client.leave();
    await refused;
    t.match(client.state, { status: 'closed', reason: 'left' });
    t.equal(browser.timers, 0);
  });

  t.test('one client can be in one room only', async (t) => {
    const { client } = await setUpInRoom();
    await t.rejects(client.connect(URL, OPTIONS), { name: 'VoiceError', code: 'already_connected' });
  });

  t.test('an address that is none is a rejection as well, and the address of the page is enough', async (t) => {
    const { browser, client } = setUp();
    await t.rejects(client.connect('http://[', OPTIONS), { code: 'unreachable' });
    t.equal(client.state.status, 'closed');
    void client.connect('https://voice.example.org', OPTIONS).catch(() => {});
    t.equal(browser.socket.url, 'wss://voice.example.org/ws');
    client.close();
  });
});

test('the room', async (t) => {
  t.test('participants who join, change and leave are tracked and reported', async (t) => {
    const { browser, client } = await setUpInRoom();
    const told: unknown[] = [];
    client.on('participantJoined', ({ id }) => told.push(['joined', id]));
    client.on('participantLeft', ({ participant, reason }) => told.push(['left', participant.id, reason]));
    browser.socket.receive({ type: 'participant_joined', participant: person('new') });
    browser.socket.receive({ type: 'participant_updated', participant: person('new', { muted: true }) });
    t.equal(client.participants.get('new')?.muted, true);
    let shown = 0;
    client.on('participants', () => shown++);
    browser.socket.receive({
      type: 'participants_updated',
      participants: [person('new', { deafened: true }), person('other', { connected: false })],
    });
    t.match(client.participants.get('new'), { muted: false, deafened: true });
    t.equal(client.participants.get('other')?.connected, false);
    t.equal(shown, 1, 'several at once are shown at once');
    browser.socket.receive({ type: 'participant_left', participantId: 'new', reason: 'left' });
    browser.socket.receive({ type: 'participant_left', participantId: 'nobody', reason: 'left' });
    t.same([...client.participants.keys()], ['me', 'other']);
    t.same(told, [
      ['joined', 'new'],
      ['left', 'new', 'left'],
    ]);
  });

  t.test('many who join and leave at the same time are shown at once, and each is reported once', async (t) => {
    const { browser, client } = await setUpInRoom();
    const told: unknown[] = [];
    let shown = 0;
    client.on('participantJoined', ({ id }) => told.push(['joined', id]));
    client.on('participantLeft', ({ participant, reason }) => told.push(['left', participant.id, reason]));
    client.on('participants', () => shown++);
    browser.socket.receive({
      type: 'participants_joined',
      participants: [person('me', { muted: true }), person('new'), person('newer')],
    });
    t.equal(shown, 1);
    t.equal(client.participants.get('me')?.muted, true, 'a participant who is already known has only changed');
    browser.socket.receive({
      type: 'participants_left',
      participants: [
        { participantId: 'new', reason: 'left' },
        { participantId: 'nobody', reason: 'left' },
        { participantId: 'other', reason: 'kicked' },
      ],
    });
    t.equal(shown, 2);
    t.same([...client.participants.keys()], ['me', 'newer']);
    t.same(told, [
      ['joined', 'new'],
      ['joined', 'newer'],
      ['left', 'new', 'left'],
      ['left', 'other', 'kicked'],
    ]);
  });

  t.test('levels are a map', async (t) => {
    const { browser, client } = await setUpInRoom();
    const heard: unknown[] = [];
    client.on('levels', (levels) => heard.push([...levels]));
    browser.socket.receive({ type: 'levels', speaking: [['other', -23]] });
    browser.socket.receive({ type: 'levels', speaking: [] });
    t.same(heard, [[['other', -23]], []]);
  });

  t.test('an unknown message is ignored', async (t) => {
    const { browser, client } = await setUpInRoom();
    for (const text of ['', '{', 'null', '7', '{"type":"from_the_future"}', '[]']) browser.socket.receiveText(text);
    t.equal(client.state.status, 'connected');
  });

  t.test('the round trip of a ping is measured', async (t) => {
    const { browser, client } = await setUpInRoom();
    t.equal(client.signalingRttMs, null);
    await browser.advance(2000);
    await browser.advance(40);
    browser.socket.receive({ type: 'pong', id: browser.socket.sentOf('ping')[0]?.id ?? -1 });
    t.equal(client.signalingRttMs, 40);
  });

  t.test('leaving says so and frees everything', async (t) => {
    const { browser, client, states } = await setUpInRoom();
    client.leave();
    client.leave();
    t.equal(browser.socket.sentOf('leave').length, 1);
    t.equal(browser.connection.isClosed, true);
    t.equal(browser.timers, 0);
    t.equal(client.participants.size, 0);
    t.same(states.at(-1), { status: 'closed', reason: 'left', message: '' });
  });

  t.test('after leaving, the client can join again', async (t) => {
    const { browser, client } = await setUpInRoom();
    client.leave();
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin('token-2');
    await connecting;
    t.equal(browser.socket.sentOf('join')[0]?.resumeToken, undefined);
    t.equal(client.state.status, 'connected');
  });
});

test('the microphone', async (t) => {
  t.test('a clone is sent, which is silenced while muted, and the original track stays open for a meter', async (t) => {
    const { browser, client } = await setUpInRoom();
    const microphone = new FakeTrack();
    client.setMicrophone(microphone.asTrack());
    await settle();
    const sent = browser.connection.transceiver.sender.track;
    t.equal(sent, microphone.clones[0]);
    client.setMuted(true);
    t.same([sent?.enabled, microphone.enabled], [false, true]);
    t.same(browser.socket.sentOf('state'), [
      { type: 'state', hasMicrophone: true },
      { type: 'state', muted: true },
    ]);
    t.equal(client.participants.get('me')?.muted, true);
    client.setMuted(false);
    t.equal(sent?.enabled, true);
    client.setDeafened(true);
    t.equal(client.participants.get('me')?.deafened, true);
    t.same(browser.socket.sentOf('state').slice(2), [
      { type: 'state', muted: false },
      { type: 'state', deafened: true },
    ]);
  });

  t.test('the others are told whether there is a microphone, also with a rejoin', async (t) => {
    const { browser, client } = await setUpInRoom();
    t.match(browser.socket.sent[0], { type: 'join', hasMicrophone: false });
    const shown: unknown[] = [];
    client.on('participants', (participants) => shown.push(participants.get('me')?.microphone));
    client.setMicrophone(new FakeTrack().asTrack());
    client.setMuted(true);
    client.setMicrophone(null);
    t.same(shown, ['open', 'muted', 'none']);
    client.setMicrophone(new FakeTrack().asTrack());
    browser.socket.drop();
    await browser.advance(2000);
    browser.socket.open();
    t.match(browser.socket.sent[0], { type: 'join', muted: true, hasMicrophone: true });
  });

  t.test('another microphone replaces the first without another offer', async (t) => {
    const { browser, client } = await setUpInRoom();
    const [first, second] = [new FakeTrack(), new FakeTrack()];
    client.setMicrophone(first.asTrack());
    client.setMuted(true);
    client.setMicrophone(second.asTrack());
    await settle();
    t.equal(browser.connection.transceiver.sender.track, second.clones[0]);
    t.equal(second.clones[0]?.enabled, false, 'it is muted as the first one was');
    t.same([first.clones[0]?.isStopped, first.isStopped], [true, false]);
    client.setMicrophone(null);
    await settle();
    t.equal(browser.connection.transceiver.sender.track, null);
    t.equal(browser.socket.sentOf('offer').length, 1);
  });
});

test('the media connection', async (t) => {
  t.test('when the server lost it, another one is offered at once, with the same microphone', async (t) => {
    const { browser, client, states } = await setUpInRoom();
    const microphone = new FakeTrack();
    client.setMicrophone(microphone.asTrack());
    browser.socket.receive({ type: 'media_closed', reason: 'media_failed' });
    await browser.advance(0);
    t.equal(browser.connections.length, 2);
    t.equal(browser.connections[0]?.isClosed, true);
    t.equal(browser.socket.sentOf('offer').at(-1)?.sdp, 'offer of connection 2');
    t.equal(browser.connection.transceiver.sender.track, microphone.clones[0]);
    t.same(states.at(-1), { status: 'connected', media: 'connecting' });
    await browser.acceptMedia();
    t.same(states.at(-1), { status: 'connected', media: 'connected' });
  });

  t.test('a loss that is reported before the answer refers to the previous connection', async (t) => {
    const { browser } = await setUpInRoom();
    browser.connection.become('failed');
    await browser.advance(0);
    browser.socket.receive({ type: 'media_closed', reason: 'closed_by_peer' });
    await browser.advance(0);
    t.equal(browser.connections.length, 2);
  });

  t.test('the answer to an abandoned offer is not given to the next connection', async (t) => {
    const { browser, client } = setUp();
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin();
    await connecting;
    browser.connection.become('failed');
    await browser.advance(0);
    browser.socket.receive({ type: 'answer', sdp: 'late' });
    await settle();
    t.equal(browser.connection.remoteDescription, null);
    browser.socket.receive({ type: 'answer', sdp: 'own' });
    await settle();
    t.equal(browser.connection.remoteDescription?.sdp, 'own');
  });

  t.test('a short interruption is waited out, and one that outlasts the restarts is a loss', async (t) => {
    const { browser, states } = await setUpInRoom();
    browser.connection.become('disconnected');
    t.same(states.at(-1), { status: 'connected', media: 'connecting' });
    await browser.advance(1000);
    browser.connection.become('connected');
    t.same(states.at(-1), { status: 'connected', media: 'connected' });
    await browser.advance(5000);
    t.equal(browser.connections.length, 1);
    browser.connection.become('disconnected');
    browser.socket.receive({ type: 'pong' });
    await browser.advance(1500 + 5000);
    t.equal(browser.connections.length, 2);
  });

  t.test('when it is lost again and again, it is offered with growing delays, and reported as blocked', async (t) => {
    const { browser, client, states } = setUp();
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin();
    await connecting;
    const startMs = browser.nowMs;
    const offeredMs: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      browser.socket.receive({ type: 'answer', sdp: 'answer' });
      await settle();
      browser.socket.receive({ type: 'media_closed', reason: 'handshake_failed' });
      const before = browser.connections.length;
      while (browser.connections.length === before) await browser.advance(100);
      offeredMs.push(browser.nowMs - startMs);
    }
    t.same(offeredMs, [100, 1100, 3100, 6100, 11_100]);
    t.same(states.at(-1), { status: 'connected', media: 'blocked' });
  });

  t.test('an offer that the server cannot accept now is made again later', async (t) => {
    const { browser, client } = setUp();
    const codes: string[] = [];
    client.on('error', ({ code }) => codes.push(code));
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin();
    await connecting;
    browser.socket.receive({ type: 'error', code: 'media_unavailable', message: '' });
    await browser.advance(0);
    t.equal(browser.connections.length, 2);
    t.same(codes, ['media_unavailable']);
  });

  t.test('a busy server is asked again after growing delays, and shown as busy until it answers', async (t) => {
    const { browser, client, states } = setUp();
    const codes: string[] = [];
    client.on('error', ({ code }) => codes.push(code));
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin();
    await connecting;
    const offeredMs: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const startMs = browser.nowMs;
      browser.socket.receive({ type: 'error', code: 'server_busy', message: '' });
      t.same(states.at(-1), { status: 'connected', media: 'busy' });
      const before = browser.connections.length;
      while (browser.connections.length === before) await browser.advance(100);
      offeredMs.push(browser.nowMs - startMs);
    }
    t.same(offeredMs, [300, 1000, 2000, 3000, 5000]);
    t.same(states.at(-1), { status: 'connected', media: 'busy' }, 'and not as blocked');
    browser.socket.receive({ type: 'answer', sdp: 'answer' });
    await settle();
    t.same(states.at(-1), { status: 'connected', media: 'connecting' });
    browser.connection.become('connected');
    t.same(states.at(-1), { status: 'connected', media: 'connected' });
    t.same(codes, [], 'it is not reported again and again');
  });

  t.test('an offer that the server postpones is made again when it says, without an error', async (t) => {
    const { browser, client } = setUp();
    const codes: string[] = [];
    client.on('error', ({ code }) => codes.push(code));
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin();
    await connecting;
    browser.socket.receive({ type: 'error', code: 'too_many_offers', message: '', retryAfterMs: 450 });
    await browser.advance(449);
    t.equal(browser.socket.sentOf('offer').length, 1);
    await browser.advance(1);
    t.equal(browser.socket.sentOf('offer').length, 2);
    browser.socket.receive({ type: 'answer', sdp: 'answer' });
    await settle();
    t.same(browser.connection.remoteDescription, { type: 'answer', sdp: 'answer' });
    t.same(codes, []);
  });

  t.test('an answer that the browser rejects is reported, and another offer is made', async (t) => {
    const { browser, client } = setUp();
    const codes: string[] = [];
    client.on('error', ({ code }) => codes.push(code));
    const connecting = client.connect(URL, OPTIONS);
    await browser.acceptJoin();
    await connecting;
    browser.connection.refusesAnswer = true;
    browser.socket.receive({ type: 'answer', sdp: 'nonsense' });
    await settle();
    await browser.advance(0);
    t.same(codes, ['media_failed']);
    t.equal(browser.connections.length, 2);
  });
});
