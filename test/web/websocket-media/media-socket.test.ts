import { test } from 'tap';
import { readFrame, writeVoice } from '../../../web/sdk/websocket-media/frame.ts';
import { MediaSocket } from '../../../web/sdk/websocket-media/media-socket.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';

/** The server's end. */
class FakeLine {
  readyState = 0;
  bufferedAmount = 0;
  binaryType = '';
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: unknown[] = [];

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.isClosed = true;
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(data: object): void {
    this.onmessage?.({ data: JSON.stringify(data) });
  }

  attach(): void {
    this.open();
    this.say({ type: 'attached' });
  }

  /** The header of an acknowledgement from the server is that of one from a client. */
  acknowledge(sequence: number): void {
    const bytes = new ArrayBuffer(16);
    const view = new DataView(bytes);
    view.setUint8(0, 3);
    view.setUint32(4, sequence);
    this.onmessage?.({ data: bytes });
  }

  sound(sequence: number): void {
    this.onmessage?.({ data: writeVoice({ sequence, time: 0, levelDbov: 0, packet: payloadOf(sequence) }) });
  }

  end(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  frames() {
    return this.sent.flatMap((each) => (each instanceof ArrayBuffer ? [readFrame(each)!] : []));
  }
}

function setUp() {
  const clock = new FakeClock();
  const lines: FakeLine[] = [];
  const told: string[] = [];
  const packets: Uint8Array[] = [];
  const socket = new MediaSocket({
    url: 'wss://x/media',
    room: 'lobby',
    resumeToken: 'secret',
    now: () => clock.now(),
    setTimer: (delayMs, callback) => clock.setTimer(clock.now() + delayMs, callback),
    open: () => {
      lines.push(new FakeLine());
      return lines.at(-1) as unknown as WebSocket;
    },
    onAttached: () => told.push('attached'),
    onLost: () => told.push('lost'),
    onGone: () => told.push('gone'),
    onAnswer: (sdp) => told.push(`answer ${sdp}`),
    onPacket: (packet) => packets.push(packet),
  });
  /** The server answers to everything for so long. */
  const alive = (line: FakeLine, ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      line.acknowledge(0);
    }
  };
  const open = () => lines.filter(({ isClosed, readyState }) => !isClosed && readyState < 3).length;
  return { clock, lines, told, packets, socket, alive, open };
}

test('it says whose sound it is, sends frames, and acknowledges ten times a second', (t) => {
  const { clock, lines, told, packets, socket } = setUp();
  const [line] = lines;
  t.equal(line!.binaryType, 'arraybuffer');
  socket.sendVoice(payloadOf(1), -20, 0);
  line!.open();
  t.same(line!.sent, [JSON.stringify({ type: 'attach', room: 'lobby', resumeToken: 'secret' })]);
  line!.say({ type: 'attached' });
  t.same(told, ['attached']);
  socket.sendVoice(payloadOf(2), -20, 960);
  t.match(line!.frames(), [{ kind: 'sound', sequence: 1, packet: payloadOf(2) }]);
  line!.sound(7);
  t.same(packets, [payloadOf(7)]);
  clock.advance(60);
  line!.sound(8);
  clock.advance(40);
  t.match(line!.frames().at(-1), { kind: 'acknowledgement', sequence: 8, heldMs: 40 });
  line!.acknowledge(1);
  t.match(socket.figures, {
    roundTripMs: 100,
    packetsSent: 1,
    packetsReceived: 2,
    packetsDropped: 1,
    sockets: 1,
  });
  socket.close();
  t.equal(clock.pendingTimers, 0);
  t.equal(line!.isClosed, true);
  t.end();
});

test('while the server hears nothing, no sound is sent', (t) => {
  const { clock, lines, socket } = setUp();
  const [line] = lines;
  line!.attach();
  for (let n = 0; n < 200; n++) {
    socket.sendVoice(payloadOf(n), -20, n * 960);
    clock.advance(20);
  }
  t.ok(socket.figures.packetsSent < 45, `${socket.figures.packetsSent} frames`);
  line!.acknowledge(socket.figures.packetsSent);
  const { packetsSent } = socket.figures;
  socket.sendVoice(payloadOf(1), -20, 0);
  t.equal(socket.figures.packetsSent, packetsSent + 1);
  line!.bufferedAmount = 2001;
  socket.sendVoice(payloadOf(1), -20, 0);
  t.equal(socket.figures.packetsSent, packetsSent + 1);
  const { length } = line!.sent;
  clock.advance(500);
  t.equal(line!.sent.length, length, 'nor is anything acknowledged');
  socket.close();
  t.end();
});

test('after 600 ms of silence another socket is tried, one at a time, and used if it works', (t) => {
  const { clock, lines, told, alive, open, socket } = setUp();
  const [first] = lines;
  first!.attach();
  alive(first!, 2000);
  t.equal(lines.length, 1);
  clock.advance(700);
  t.equal(lines.length, 2, 'after 600 ms');
  t.equal(open(), 2);
  clock.advance(600);
  t.equal(lines.length, 3);
  t.equal(open(), 2, 'the try before is given up');
  clock.advance(3000);
  t.equal(open(), 2);
  t.same(told, ['attached', 'lost']);
  const last = lines.at(-1)!;
  last.attach();
  t.same(told, ['attached', 'lost', 'answer null', 'attached']);
  t.equal(first!.isClosed, true);
  t.equal(open(), 1);
  alive(last, 1000);
  t.equal(open(), 1);
  socket.close();
  t.end();
});

test('a socket that comes to life again stays, and the try ends', (t) => {
  const { clock, lines, alive, open, told } = setUp();
  lines[0]!.attach();
  clock.advance(1000);
  t.equal(open(), 2);
  alive(lines[0]!, 300);
  t.equal(open(), 1);
  t.equal(lines[1]!.isClosed, true);
  t.same(told, ['attached']);
  t.end();
});

test('a long path has more time to be opened', (t) => {
  const { clock, lines, socket } = setUp();
  lines[0]!.attach();
  socket.sendVoice(payloadOf(1), -20, 0);
  clock.advance(300);
  lines[0]!.acknowledge(1);
  clock.advance(700);
  t.equal(lines.length, 2);
  clock.advance(1600);
  t.equal(lines.length, 2, '600 ms and four round trips of 300 ms');
  clock.advance(200);
  t.equal(lines.length, 3);
  t.end();
});

test('a network that is gone for minutes, or refuses, is tried more rarely', (t) => {
  const { clock, lines } = setUp();
  clock.advance(7500);
  const eager = lines.length;
  t.equal(eager, 13);
  for (let n = 0; n < 600; n++) {
    clock.advance(100);
    const line = lines.at(-1)!;
    if (line.readyState < 3) line.end();
  }
  t.ok(lines.length - eager <= 16, `${lines.length - eager} tries in a minute`);
  t.end();
});

test('numbers and time go on over another socket', (t) => {
  const { clock, lines, socket } = setUp();
  lines[0]!.attach();
  for (const n of [1, 2, 3]) socket.sendVoice(payloadOf(n), -20, n);
  lines[0]!.end();
  clock.advance(100);
  lines[1]!.attach();
  socket.sendVoice(payloadOf(4), -20, 4);
  t.match(lines[1]!.frames().at(-1), { kind: 'sound', sequence: 4 });
  clock.advance(30);
  lines[1]!.acknowledge(4);
  t.equal(socket.figures.roundTripMs, 30);
  t.equal(socket.figures.sockets, 2);
  t.end();
});

test('after WebRTC has taken over, it waits before it comes back', (t) => {
  const { clock, lines } = setUp();
  lines[0]!.attach();
  lines[0]!.end(1000);
  clock.advance(1400);
  t.equal(lines.length, 1);
  clock.advance(200);
  t.equal(lines.length, 2);
  t.end();
});

test('offers are answered, refused, or lost with their socket', (t) => {
  const { lines, told, socket, clock } = setUp();
  socket.offer('early');
  lines[0]!.attach();
  socket.offer('x');
  t.equal(lines[0]!.sent.at(-1), JSON.stringify({ type: 'offer', sdp: 'x' }));
  lines[0]!.say({ type: 'answer', sdp: 'y' });
  lines[0]!.say({ type: 'error', code: 'invalid_sdp', message: '' });
  lines[0]!.end();
  t.same(told, ['answer null', 'attached', 'answer y', 'answer null', 'answer null']);
  clock.advance(100);
  t.equal(lines.length, 2);
  t.end();
});

test('somebody whom the server does not know is told so, and tries no more', (t) => {
  const { clock, lines, told } = setUp();
  lines[0]!.open();
  lines[0]!.say({ type: 'error', code: 'unknown_participant', message: '' });
  t.same(told, ['gone']);
  clock.advance(60_000);
  t.equal(lines.length, 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});
