import { test } from 'tap';
import { Presenter } from '../../../src/gateways/mumble/presenter.ts';
import type { MumbleChannel, MumbleUser, MumbleView } from '../../../src/gateways/mumble/roster.ts';

const ROOT: MumbleChannel = {
  id: 0,
  name: 'Root',
  position: 0,
  maxUsers: 0,
  description: '',
  isEnterRestricted: false,
};
const LOBBY: MumbleChannel = { ...ROOT, id: 1, name: 'lobby' };
const FLAGS = { mute: false, suppress: false, selfMute: false, selfDeaf: false, recording: false };
const ADA: MumbleUser = { session: 2, name: 'Ada', channelId: 0, ...FLAGS, hash: '' };
const BOB: MumbleUser = { session: 3, name: 'Bob', channelId: 1, ...FLAGS, hash: 'aa' };

function view(channels: readonly MumbleChannel[], users: readonly MumbleUser[]): MumbleView {
  return {
    channels: new Map(channels.map((channel) => [channel.id, channel])),
    users: new Map(users.map((user) => [user.session, user])),
  };
}

/** What one client is sent, by call of `show`. */
function presenting() {
  let sent: [string, object][] = [];
  const send = (name: string, fields: object) => void sent.push([name, fields]);
  const presenter = new Presenter({ send } as ConstructorParameters<typeof Presenter>[0], ADA.session);
  return (channels: readonly MumbleChannel[], users: readonly MumbleUser[]) => {
    sent = [];
    presenter.show(view(channels, users));
    return sent;
  };
}

test('channels come before users, and the own user before others', async (t) => {
  const sent = presenting()([ROOT, LOBBY], [BOB, ADA]);
  t.same(
    sent.map(([name, fields]) => [name, (fields as { session?: number; channelId?: number }).session]),
    [
      ['channelState', undefined],
      ['channelState', undefined],
      ['userState', 2],
      ['userState', 3],
    ],
  );
  t.same(sent[3]?.[1], { session: 3, name: 'Bob', channelId: 1, hash: 'aa' }, 'what is false is not sent at first');
});

test('only what has changed is sent', async (t) => {
  const show = presenting();
  show([ROOT, LOBBY], [ADA, BOB]);
  t.same(show([ROOT, LOBBY], [ADA, BOB]), []);
  t.same(show([ROOT, LOBBY], [ADA, { ...BOB, mute: true }]), [['userState', { session: 3, mute: true }]]);
  t.same(show([ROOT, LOBBY], [ADA, { ...BOB, mute: false }]), [['userState', { session: 3, mute: false }]]);
  const moved = { ...BOB, channelId: 0 };
  t.same(show([ROOT, LOBBY], [ADA, moved]), [['userState', { session: 3, channelId: 0 }]]);
  t.same(show([ROOT, { ...LOBBY, description: 'a < b' }], [ADA, moved]), [
    [
      'channelState',
      {
        channelId: 1,
        parent: 0,
        name: 'lobby',
        position: 0,
        maxUsers: 0,
        isEnterRestricted: false,
        canEnter: true,
        description: 'a &lt; b',
      },
    ],
  ]);
});

test('a channel goes after those who were in it', async (t) => {
  const show = presenting();
  show([ROOT, LOBBY], [{ ...ADA, channelId: 1 }, BOB]);
  t.same(show([ROOT], [ADA]), [
    ['userRemove', { session: 3 }],
    ['userState', { session: 2, channelId: 0 }],
    ['channelRemove', { channelId: 1 }],
  ]);
});

test('somebody with another hash is a new user, with all that is true of them', async (t) => {
  const show = presenting();
  show([ROOT, LOBBY], [ADA, { ...BOB, mute: true }]);
  t.same(show([ROOT, LOBBY], [ADA, { ...BOB, mute: true, hash: 'bb' }]), [
    ['userRemove', { session: 3 }],
    ['userState', { session: 3, name: 'Bob', channelId: 1, hash: 'bb', mute: true }],
  ]);
});

test('what has changed is found out once for all who see the same', async (t) => {
  const views = [view([ROOT, LOBBY], [ADA, BOB]), view([ROOT, LOBBY], [ADA, { ...BOB, mute: true }])];
  const values: object[][] = [];
  for (const own of [ADA.session, BOB.session]) {
    const sent: object[] = [];
    const send = (_: string, fields: object) => void sent.push(fields);
    const presenter = new Presenter({ send } as ConstructorParameters<typeof Presenter>[0], own);
    presenter.show(views[0]!);
    t.match(sent[2], { session: own }, 'each one sees the own user first');
    sent.length = 0;
    presenter.show(views[1]!);
    presenter.show(views[1]!);
    t.same(sent, [{ session: BOB.session, mute: true }]);
    values.push(sent);
  }
  t.equal(values[0]![0], values[1]![0], 'the very same message');
});
