import { test } from 'tap';
import type { FileChannelEvents } from '../../../web/app/files/file-channel.ts';
import { type FileMessage, MAX_FILE_BYTES } from '../../../web/app/files/peer-messages.ts';
import { type TransferOptions, Transfers } from '../../../web/app/files/transfers.ts';

URL.createObjectURL = (object) => `blob:${(object as Blob).size}`;
const revoked: string[] = [];
URL.revokeObjectURL = (url) => void revoked.push(url);

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A channel that does what the test says. */
class FakeChannel {
  readonly events: FileChannelEvents;
  isClosed = false;
  accepted: string | null = null;
  finish: (file: Blob) => void = () => {};

  constructor(events: FileChannelEvents) {
    this.events = events;
  }

  async offer(_file: Blob, done: () => void): Promise<string> {
    this.finish = done;
    return 'sdp of an offer';
  }

  async answer(sdp: string, size: number, done: (file: Blob) => void): Promise<string> {
    this.finish = done;
    return `answer to ${sdp} for ${size}`;
  }

  async accept(sdp: string): Promise<void> {
    this.accepted = sdp;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Two pages in a room, whose messages arrive at once. */
function pair() {
  const channels: FakeChannel[] = [];
  const said: string[] = [];
  let ids = 0;
  const page = (own: string, other: () => Transfers): Transfers => {
    const options: TransferOptions = {
      send: async (to, message) => {
        said.push(`${own} to ${to}: ${message.kind}`);
        if (to === 'ada' || to === 'ben') other().receive(own, message);
      },
      nameOf: (id) => (id === 'ada' || id === 'ben' ? id : undefined),
      openChannel: (events) => {
        const channel = new FakeChannel(events);
        channels.push(channel);
        return channel;
      },
      createId: () => `${own}-${++ids}`,
    };
    return new Transfers(options);
  };
  const ada: Transfers = page('ada', () => ben);
  const ben: Transfers = page('ben', () => ada);
  const status = (transfers: Transfers) => transfers.list.value.map((transfer) => transfer.status);
  return { ada, ben, channels, said, status };
}

const file = (bytes = 10, name = 'map.png') => new File([new Uint8Array(bytes)], name);

test('nothing about addresses is told before the receiver has accepted', async (t) => {
  const { ada, ben, channels, said, status } = pair();
  t.equal(ada.offer('ben', file()), true);
  await settled();
  t.same(said, ['ada to ben: offer']);
  t.match(ben.list.value, [{ isIncoming: true, fileName: 'map.png', size: 10, status: 'asking', personName: 'ada' }]);
  t.equal(channels.length, 0);
  ben.accept(ben.list.value[0]!.id);
  await settled();
  t.same(said.slice(1), ['ben to ada: accept', 'ada to ben: description', 'ben to ada: description']);
  const [sending, receiving] = channels;
  t.equal(sending?.accepted, 'answer to sdp of an offer for 10');
  sending?.events.progress(0.5);
  receiving?.events.progress(0.4);
  t.match([ada.list.value[0]?.progress, ben.list.value[0]?.progress], [0.5, 0.4]);
  receiving?.finish(new Blob([new Uint8Array(10)]));
  sending?.finish(new Blob());
  t.same([status(ada), status(ben)], [['done'], ['done']]);
  t.equal(ben.list.value[0]?.url, 'blob:10');
  ben.remove(ben.list.value[0]!.id);
  t.same([revoked, ben.list.value], [['blob:10'], []]);
});

test('either side ends it at any time', async (t) => {
  const refused = pair();
  refused.ada.offer('ben', file());
  await settled();
  refused.ben.refuse(refused.ben.list.value[0]!.id);
  await settled();
  t.same([refused.status(refused.ada), refused.status(refused.ben)], [['refused'], ['refused']]);
  for (const who of ['ada', 'ben'] as const) {
    const all = pair();
    all.ada.offer('ben', file());
    await settled();
    all.ben.accept(all.ben.list.value[0]!.id);
    await settled();
    all.channels[0]?.events.progress(0.1);
    all[who].cancel(all[who].list.value[0]!.id);
    await settled();
    t.same([all.status(all.ada), all.status(all.ben)], [['cancelled'], ['cancelled']], who);
    t.same(
      all.channels.map(({ isClosed }) => isClosed),
      [true, true],
    );
    all.channels[0]?.events.failed();
    t.same(all.status(all.ada), ['cancelled'], 'what comes afterwards changes nothing');
  }
});

test('lost connections and people who leave are failures', async (t) => {
  const { ada, ben, channels, status } = pair();
  ada.offer('ben', file());
  await settled();
  ben.personLeft('cleo');
  t.same(status(ben), ['asking']);
  ben.accept(ben.list.value[0]!.id);
  await settled();
  channels[1]?.events.failed();
  t.same(status(ben), ['failed']);
  ada.personLeft('ben');
  t.same(status(ada), ['failed']);
});

test('a file that is too large is not offered', async (t) => {
  const { ada, said } = pair();
  t.equal(ada.offer('ben', { name: 'x', size: MAX_FILE_BYTES + 1 } as File), false);
  t.same(said, []);
});

test('a stranger cannot flood anybody, or touch the transfers of others', async (t) => {
  const { ada, ben, said, status } = pair();
  const offer = (transfer: string): FileMessage => ({ kind: 'offer', transfer, name: 'x', size: 1 });
  for (let n = 0; n < 50; n++) ben.receive('eve', offer(`e${n}`));
  t.equal(ben.list.value.length, 3);
  t.equal(said.filter((text) => text === 'ben to eve: refuse').length, 47);
  for (let n = 0; n < 50; n++) ben.receive(`guest${n}`, offer(`g${n}`));
  t.equal(ben.list.value.length, 20, 'in all');
  ada.offer('ben', file());
  const { id } = ada.list.value[0]!;
  await settled();
  t.same(status(ada), ['refused'], 'whoever has too many gets no more');
  for (const { id: asked } of ben.list.value) ben.refuse(asked);
  ada.offer('ben', file());
  await settled();
  t.equal(status(ada)[0], 'asking', 'those that have ended make room');
  const [open] = ada.list.value;
  ada.receive('eve', { kind: 'accept', transfer: open!.id });
  ada.receive('eve', { kind: 'cancel', transfer: open!.id });
  t.equal(status(ada)[0], 'asking');
  t.not(open!.id, id);
});

test('a sender cannot accept for the receiver', async (t) => {
  const { ben, channels, status } = pair();
  ben.receive('ada', { kind: 'offer', transfer: 'x', name: 'x', size: 1 });
  ben.receive('ada', { kind: 'accept', transfer: 'x' });
  ben.receive('ada', { kind: 'description', transfer: 'x', sdp: 'v=0' });
  await settled();
  t.same([status(ben), channels.length], [['asking'], 0]);
});
