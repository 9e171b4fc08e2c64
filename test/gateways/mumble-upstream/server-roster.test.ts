import { test } from 'tap';
import { MESSAGES, type MessageName, type Received } from '../../../src/gateways/mumble/wire/messages.ts';
import { decodeMessage, encodeMessage, type MessageValues } from '../../../src/gateways/mumble/wire/protobuf.ts';
import { ServerRoster } from '../../../src/gateways/mumble-upstream/server-roster.ts';

function message<N extends MessageName>(name: N, values: MessageValues<(typeof MESSAGES)[N]>): Received {
  const table = MESSAGES[name] as (typeof MESSAGES)[MessageName];
  return { name, fields: decodeMessage(table, encodeMessage(table, values as never)) } as unknown as Received;
}

function rosterWith(...messages: readonly Received[]): ServerRoster {
  const roster = new ServerRoster();
  for (const one of messages) roster.receive(one);
  return roster;
}

const CHANNELS = [
  message('channelState', { channelId: 0, name: 'Root' }),
  message('channelState', { channelId: 3, parent: 0, name: 'Games' }),
  message('channelState', { channelId: 5, parent: 3, name: 'Chess', maxUsers: 4 }),
  message('channelState', { channelId: 6, parent: 0, name: 'Chess' }),
];

test('channels are found by their names from the root down', async (t) => {
  const roster = rosterWith(...CHANNELS);
  t.equal(roster.find([]), 0);
  t.equal(roster.find(['games', 'CHESS']), 5);
  t.equal(roster.find(['Chess']), 6);
  t.equal(roster.find(['Chess', 'Games']), undefined);
  t.equal(new ServerRoster().find([]), undefined);
  t.match(roster.channel(5), { name: 'Chess', parent: 3, maxUsers: 4 });
  roster.receive(message('channelState', { channelId: 5, name: 'Go' }));
  t.equal(roster.find(['games', 'go']), 5);
  roster.receive(message('channelRemove', { channelId: 5 }));
  t.equal(roster.find(['games', 'go']), undefined);
});

test('linked channels are one, in both directions and through others', async (t) => {
  const roster = rosterWith(...CHANNELS, message('channelState', { channelId: 3, linksAdd: [5] }));
  t.same([...roster.linkedTo(5)].sort(), [3, 5]);
  roster.receive(message('channelState', { channelId: 6, links: [3] }));
  t.same([...roster.linkedTo(5)].sort(), [3, 5, 6]);
  roster.receive(message('channelState', { channelId: 5, linksRemove: [3] }));
  t.same([...roster.linkedTo(5)], [5]);
  roster.receive(message('channelRemove', { channelId: 6 }));
  t.same([...roster.linkedTo(3)], [3]);
});

test('users are what was last said of them', async (t) => {
  const hash = 'AB'.repeat(20);
  const roster = rosterWith(message('userState', { session: 7, name: 'Anna', channelId: 3, hash }));
  t.match(roster.users.get(7), { name: 'Anna', channelId: 3, hash: hash.toLowerCase(), mute: false, suppress: false });
  roster.receive(message('userState', { session: 7, selfMute: true, selfDeaf: true, suppress: true }));
  t.match(roster.users.get(7), { name: 'Anna', selfMute: true, isDeaf: true, suppress: true, mute: false });
  roster.receive(message('userState', { session: 7, suppress: false, mute: true, listeningChannelAdd: [5, 6] }));
  t.match(roster.users.get(7), { mute: true, suppress: false });
  roster.receive(message('userState', { session: 7, mute: false, listeningChannelRemove: [5], selfDeaf: false }));
  t.match(roster.users.get(7), { mute: false, isDeaf: false, selfMute: true });
  t.same([...roster.users.get(7)!.listensTo], [6]);
  t.ok(roster.receive(message('userRemove', { session: 7 })));
  t.equal(roster.users.size, 0);
});

test('users without a name, with a hash that is none, and too many of all are left out', async (t) => {
  const roster = rosterWith(message('userState', { session: 8 }), message('userState', { name: 'Nobody' }));
  t.equal(roster.users.size, 0);
  roster.receive(message('userState', { session: 9, name: 'Ben', hash: '<b>' }));
  t.equal(roster.users.get(9)?.hash, '');
  for (let n = 1; n <= 6000; n++) {
    roster.receive(message('userState', { session: n, name: `user ${n}` }));
    roster.receive(message('channelState', { channelId: n, parent: 0, name: `channel ${n}` }));
  }
  t.equal(roster.users.size, 5000);
  t.equal(roster.channel(5001), undefined);
  t.notOk(roster.receive(message('ping', {})));
});

test('links and listeners without end are noticed, because whoever hears a room must be known', async (t) => {
  const add = (n: number) => ({ listeningChannelAdd: Array.from({ length: 250 }, (_, i) => 250 * n + i) });
  const listening = rosterWith(message('userState', { session: 1, name: 'Anna' }));
  for (let n = 0; n < 200; n++) listening.receive(message('userState', { session: 1, ...add(n) }));
  t.notOk(listening.isTooLarge);
  listening.receive(message('userState', { session: 1, ...add(200) }));
  t.ok(listening.isTooLarge);
  listening.receive(message('userRemove', { session: 1 }));
  t.notOk(listening.isTooLarge);

  const linked = new ServerRoster();
  for (let n = 0; n < 400; n++) linked.receive(message('channelState', { channelId: n, name: `channel ${n}` }));
  const linksTo = (from: number) => ({ links: Array.from({ length: 200 }, (_, i) => from + i) });
  for (let n = 0; n < 400; n++)
    for (const from of [0, 200]) linked.receive(message('channelState', { channelId: n, ...linksTo(from) }));
  t.ok(linked.isTooLarge);
  for (let n = 0; n < 400; n++) linked.receive(message('channelRemove', { channelId: n }));
  t.notOk(linked.isTooLarge);
});
