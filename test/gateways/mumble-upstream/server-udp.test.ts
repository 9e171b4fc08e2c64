import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type Test, test } from 'tap';
import { CryptState } from '../../../src/gateways/mumble/wire/crypt-state.ts';
import { isPing } from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { ServerUdp } from '../../../src/gateways/mumble-upstream/server-udp.ts';
import { eventually } from '../../helpers/eventually.ts';

const KEYS = { key: Buffer.alloc(16, 1), sendIv: Buffer.alloc(16, 2), receiveIv: Buffer.alloc(16, 3) };
const PING = Uint8Array.of(0x20, 1);
const VOICE = Uint8Array.of(0x80, 1, 2, 3, 4);

/** A client of ours, and the UDP port of a server. */
async function start(t: Test) {
  const port = createSocket('udp4').bind(0, '127.0.0.1');
  await once(port, 'listening');
  const crypt = new CryptState({ ...KEYS, sendIv: KEYS.receiveIv, receiveIv: KEYS.sendIv });
  const received: string[] = [];
  let answers = true;
  let peer: RemoteInfo | undefined;
  port.on('message', (datagram, from) => {
    peer = from;
    const text = crypt.decrypt(datagram);
    if (text === null) return;
    received.push(Buffer.from(text).toString('hex'));
    if (answers && isPing('old', text)) send(text);
  });
  const sendDatagram = (datagram: Uint8Array) => port.send(Uint8Array.from(datagram), peer!.port, peer!.address);
  const send = (text: Uint8Array) => sendDatagram(crypt.encrypt(text));
  const voices: string[] = [];
  const tunnelled: string[] = [];
  let resyncs = 0;
  const udp = new ServerUdp(
    {
      address: '127.0.0.1',
      port: port.address().port,
      crypt: new CryptState(KEYS),
      format: 'old',
      voice: (packet) => voices.push(Buffer.from(packet).toString('hex')),
      tunnel: (packet) => tunnelled.push(Buffer.from(packet).toString('hex')),
      resync: () => resyncs++,
    },
    0,
  );
  t.teardown(() => {
    udp.close();
    port.close();
  });
  let nowMs = 0;
  return {
    udp,
    received,
    voices,
    tunnelled,
    crypt,
    send,
    sendDatagram,
    resyncs: () => resyncs,
    setAnswers: (does: boolean) => {
      answers = does;
    },
    /** So many looks, one each second. */
    look: (seconds = 1) => {
      for (const endMs = nowMs + 1000 * seconds; nowMs < endMs; ) {
        nowMs += 1000;
        udp.look(nowMs);
      }
    },
  };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('UDP works once the server answers there, and carries voice both ways', async (t) => {
  const { udp, look, received, send, voices, tunnelled } = await start(t);
  await eventually(() => {
    look();
    return udp.isWorking || 'no answer';
  });
  t.ok(received.every((text) => text === hex(PING)));
  udp.send(VOICE);
  await eventually(() => received.includes(hex(VOICE)) || 'no voice there');
  send(VOICE);
  await eventually(() => voices.length === 1 || 'no voice here');
  t.same(voices, [hex(VOICE)]);
  t.same(tunnelled, []);
});

test('without answers the server is told by the tunnel to use that, and a minute later it is tried again', async (t) => {
  const { udp, look, received, tunnelled, setAnswers } = await start(t);
  await eventually(() => {
    look();
    return udp.isWorking || 'no answer';
  });
  look();
  setAnswers(false);
  await new Promise((resolve) => setTimeout(resolve, 50));
  look(12);
  t.ok(udp.isWorking, 'a lost answer is no reason');
  look(4);
  t.notOk(udp.isWorking);
  t.same(tunnelled, [hex(PING)]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = received.length;
  look(50);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(received.length, before, 'the server would send by UDP again');
  t.same(tunnelled.length, 1);
  setAnswers(true);
  await eventually(() => {
    look();
    return udp.isWorking || 'no answer';
  });
});

test('the server is asked for its counter if nothing can be decrypted for five seconds', async (t) => {
  const { udp, look, crypt, sendDatagram, setAnswers, resyncs } = await start(t);
  await eventually(() => {
    look();
    return udp.isWorking || 'no answer';
  });
  look();
  setAnswers(false);
  for (let n = 0; n < 300; n++) crypt.encrypt(VOICE);
  const junk = async () => {
    sendDatagram(crypt.encrypt(VOICE));
    await new Promise((resolve) => setTimeout(resolve, 30));
    look();
  };
  for (let n = 0; n < 3; n++) await junk();
  t.equal(resyncs(), 0);
  for (let n = 0; n < 4; n++) await junk();
  t.equal(resyncs(), 1);
});

test('nothing is sent, nor thrown, when it is closed', async (t) => {
  const { udp, look, received } = await start(t);
  udp.close();
  udp.close();
  udp.send(VOICE);
  look(20);
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.same(received, []);
});

test('if no route leads there by UDP, nothing is sent', async (t) => {
  const sent: Uint8Array[] = [];
  const udp = new ServerUdp(
    {
      // Refused by the system without a word to anybody.
      address: '255.255.255.255',
      port: 9,
      crypt: new CryptState(KEYS),
      format: 'old',
      voice: () => {},
      tunnel: (packet) => sent.push(packet),
      resync: () => {},
    },
    0,
  );
  t.teardown(() => udp.close());
  await new Promise((resolve) => setTimeout(resolve, 50));
  udp.look(1000);
  udp.send(VOICE);
  t.notOk(udp.isWorking);
  t.same(sent, []);
});
