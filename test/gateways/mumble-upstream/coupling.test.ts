import { test } from 'tap';
import { SILENCE_PACKET } from '../../../src/formats/opus-packet.ts';
import { missingPackages, skipIfMissing } from '../../helpers/debian-packages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { startUpstream } from '../../helpers/mumble-upstream.ts';
import { MURMUR_PACKAGE } from '../../helpers/murmur.ts';

const skip = skipIfMissing(missingPackages([MURMUR_PACKAGE]));
const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5, 6);

test('people on both sides see each other', { skip }, async (t) => {
  const { mumble, browser, people, person } = await startUpstream(t);
  const desk = await mumble('Desk');
  await eventually(() => people().includes('Desk') || JSON.stringify(people()));
  t.match(person('Desk').view, { via: 'mumble', microphone: 'open', deafened: false });
  const anna = browser('Anna');
  const namesake = browser('anna');
  await eventually(() => (desk.user('Anna') && desk.user('anna(2)')) !== undefined || 'not there');
  t.same([...desk.users.values()].map(({ name }) => name).sort(), ['Anna', 'Desk', 'Web', 'anna(2)']);

  await t.test('and when they are muted and deaf', async () => {
    anna.participant.setState({ muted: true });
    await eventually(() => desk.user('Anna')?.selfMute === true || 'not muted there');
    anna.participant.setState({ deafened: true });
    await eventually(() => desk.user('Anna')?.selfDeaf === true || 'not deaf there');
    anna.participant.setState({ muted: false, deafened: false });
    await eventually(() => (!desk.user('Anna')?.selfMute && !desk.user('Anna')?.selfDeaf) || 'muted there');
    desk.send('userState', { selfMute: true, selfDeaf: true });
    await eventually(() => (person('Desk').view.muted && person('Desk').view.deafened) || 'not muted here');
    desk.send('userState', { selfMute: false, selfDeaf: false });
    await eventually(() => person('Desk').view.microphone === 'open' || 'muted here');
  });

  await t.test('and when they leave', async (t) => {
    namesake.participant.leave('left');
    await eventually(() => desk.user('anna(2)') === undefined || 'still there');
    desk.close();
    await eventually(() => !people().includes('Desk') || 'still here');
    t.same(people(), ['Anna']);
  });
});

test('voice goes both ways, and never back', { skip }, async (t) => {
  const { mumble, browser, people, person, say, seatOf, plane } = await startUpstream(t);
  const anna = browser('Anna').participant;
  const desk = await mumble('Desk');
  await eventually(() => (people().includes('Desk') && desk.user('Anna') !== undefined) || 'not there');
  desk.heard.length = 0;

  await t.test('out of the room as the user that the talker is there', async (t) => {
    let n = 0;
    await eventually(() => {
      say(anna, n++, SPEECH);
      return desk.heard.length > 3 || 'nothing heard';
    });
    const spoken = desk.heard.filter(({ isLast }) => !isLast);
    t.match(spoken[0], { session: desk.user('Anna')!.session!, opus: SPEECH });
    await eventually(() => desk.heard.at(-1)?.isLast === true || 'no end');
    t.same(desk.heard.at(-1)?.opus, SILENCE_PACKET);
  });

  await t.test('into the room as the participant that the talker is here', async (t) => {
    const seat = seatOf(person('Desk'));
    seat.sent.length = 0;
    for (let n = 0; n < 5; n++) desk.say(2 * n, SPEECH, { isLast: n === 4 });
    await eventually(() => seat.sent.length >= 6 || `${seat.sent.length} packets`);
    t.same(seat.sent[0]?.payload, SPEECH);
  });

  await t.test('but not what a visitor says, nor whispers of visitors', async (t) => {
    desk.heard.length = 0;
    const seat = seatOf(person('Desk'));
    seat.sent.length = 0;
    say(person('Desk'), 1, SPEECH);
    desk.send('voiceTarget', { id: 1 });
    desk.say(100, SPEECH, { target: 1 });
    desk.say(102, SPEECH, { target: 31 });
    // Loopback comes back, so everything else would have come as well.
    await eventually(() => desk.heard.length > 0 || 'no loopback');
    t.same(
      desk.heard.map(({ session }) => session),
      [desk.session],
    );
    t.same(seat.sent, []);
  });

  await t.test('who has no client there is said by the one that listens', async (t) => {
    const bridge = () => plane.rooms[0]!.relayed.filter(({ open, options }) => open && options.listens);
    t.equal(bridge().length, 1);
    const silent = () => bridge()[0]!.state.hearing.map(({ seatId, gain }) => [seatId, gain]);
    const expected = [anna.seat!.id, person('Desk').seat!.id].map((id) => [id, 0]);
    t.same(
      silent().sort(([a], [b]) => a! - b!),
      expected.sort(([a], [b]) => a! - b!),
      'neither who has one nor visitors',
    );
    desk.heard.length = 0;
    for (let n = 0; n < 5; n++) bridge()[0]!.options.sink.mix(SPEECH, 960 * n, false);
    bridge()[0]!.options.sink.mix(SILENCE_PACKET, 960 * 5, false);
    await eventually(() => desk.heard.at(-1)?.isLast === true || 'nothing heard');
    t.equal(desk.heard.length, 6);
    t.equal(desk.heard[0]?.session, desk.user('Web')?.session);
  });
});

test('texts go both ways, to all and to one', { skip }, async (t) => {
  const { mumble, browser, people, person } = await startUpstream(t);
  const [anna, ben] = [browser('Anna'), browser('Ben')];
  const [desk, other] = [await mumble('Desk'), await mumble('Other')];
  await eventually(() => (people().length === 4 && desk.user('Anna') && desk.user('Ben')) !== undefined || 'not there');
  await eventually(() => people().length === 4 || people().join());
  const lines = ({ listener }: typeof anna) =>
    listener.events.flatMap((event) => (event.type === 'said' ? [`${event.line.name}: ${event.line.text}`] : []));

  desk.send('textMessage', { channelIds: [0], message: 'Hi <b>all</b>' });
  await eventually(() => lines(anna).length === 1 || 'no line');
  t.same(lines(anna), ['Desk: Hi all']);
  desk.send('textMessage', { sessions: [desk.user('Ben')!.session!], message: 'Only Ben' });
  await eventually(() => lines(ben).length === 2 || 'no line');
  t.same(lines(ben), ['Desk: Hi all', 'Desk: Only Ben']);
  t.same(lines(anna), ['Desk: Hi all']);

  await eventually(() => other.texts().length === 1 || JSON.stringify(other.texts()));
  desk.received.length = 0;
  other.received.length = 0;
  anna.participant.write({ type: 'say', text: 'Hello <you>', mentions: [] });
  await eventually(
    () => (desk.texts().length === 1 && other.texts().length === 1) || JSON.stringify([desk.texts(), other.texts()]),
  );
  t.match(desk.of('textMessage'), [{ actor: desk.user('Anna')!.session!, message: 'Hello &lt;you&gt;' }]);
  ben.participant.write({ type: 'say', text: 'Psst', to: person('Desk').id, mentions: [] });
  await eventually(() => desk.texts().length === 2 || JSON.stringify(desk.texts()));
  t.match(desk.of('textMessage')[1], { actor: desk.user('Ben')!.session!, message: 'Psst' });
  t.equal(other.texts().length, 1);
});

test('a moderator’s mute and removal', { skip }, async (t) => {
  const { mumble, browser, people, person, registry } = await startUpstream(t);
  const anna = browser('Anna');
  const desk = await mumble('Desk');
  await eventually(() => (people().includes('Desk') && desk.user('Anna') !== undefined) || 'not there');
  registry.room('lobby').moderate({ type: 'mute_participant', participantId: person('Desk').id, muted: true });
  t.ok(person('Desk').memberState.muted, 'nobody hears them here, whatever the other server says');
  registry.room('lobby').moderate({ type: 'mute_participant', participantId: anna.participant.id, muted: true });
  await eventually(() => desk.user('Anna')?.selfMute === true || 'not muted there');
  registry.room('lobby').moderate({ type: 'kick', participantId: person('Desk').id, banSeconds: 0 });
  t.notOk(people().includes('Desk'));
  const late = await mumble('Late');
  await eventually(() => people().includes('Late') || 'not there');
  t.notOk(people().includes('Desk'), 'whoever is removed does not come back by staying in the channel');
  late.close();
});

/** In the root, for everybody: the right to mute and deafen others. */
const ALL_MAY_DEAFEN = Buffer.from('08001001220d0801100118002a03616c6c3010', 'hex');
const TYPE_ACL = 13;

test('whoever may not be in the room is deaf there, if the ear may do that, and no longer than that', {
  skip,
}, async (t) => {
  const { mumble, browser, people, person, registry, upstream } = await startUpstream(t, {
    superPassword: 'super',
    registry: { limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 3, resumeTimeoutMs: 30_000 } },
  });
  const admin = await mumble('SuperUser', { password: 'super' });
  admin.sendFrame(TYPE_ACL, ALL_MAY_DEAFEN);
  await eventually(() => people().includes('SuperUser') || 'not there');
  admin.close();
  await eventually(() => people().length === 0 || people().join());
  const [anna] = [browser('Anna'), browser('Ben')];
  const desk = await mumble('Desk');
  await eventually(() => people().includes('Desk') || 'not there');
  const late = await mumble('Late');
  await eventually(() => late.own.deaf === true || 'not deaf, although the room is full');
  t.notOk(desk.own.deaf);
  registry.room('lobby').moderate({ type: 'kick', participantId: anna.participant.id, banSeconds: 0 });
  await eventually(() => people().includes('Late') || people().join(), 30_000);
  await eventually(() => (late.own.deaf === false && late.own.mute === false) || JSON.stringify(late.own));
  await eventually(() => !person('Late').memberState.deafened || 'deaf here');
  registry.room('lobby').moderate({ type: 'kick', participantId: person('Desk').id, banSeconds: 0 });
  await eventually(() => desk.own.deaf === true || 'not deaf, although removed');
  upstream.close();
  await eventually(() => (desk.own.deaf === false && desk.own.mute === false) || JSON.stringify(desk.own));
});

test('nothing is said to a channel where somebody is who may not be in the room', { skip }, async (t) => {
  const { mumble, browser, people, registry, say } = await startUpstream(t);
  const anna = browser('Anna');
  const desk = await mumble('Desk');
  await eventually(() => (people().includes('Desk') && desk.user('Anna') !== undefined) || 'not there');
  registry.room('lobby').moderate({ type: 'lock', locked: true });
  const stranger = await mumble('Stranger');
  await eventually(() => (anna.listener.news as { state?: string })?.state === 'withheld' || 'not told');
  t.notOk(people().includes('Stranger'));
  desk.heard.length = 0;
  for (let n = 0; n < 20; n++) say(anna.participant, n, SPEECH);
  anna.participant.write({ type: 'say', text: 'secret', mentions: [] });
  stranger.close();
  await eventually(() => (anna.listener.news as { state?: string })?.state === 'connected' || 'not told');
  t.same(desk.heard, []);
  t.same(desk.texts(), []);
});
