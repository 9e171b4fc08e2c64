import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { eventually } from '../helpers/eventually.ts';
import { startServer } from '../helpers/running-server.ts';
import { toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const SECRET = 'a secret that is long enough to sign with';
const TONES_HZ = { mod: 500, ben: 820, cy: 1240 } as const;
const AMPLITUDE = 0.15;

type Who = keyof typeof TONES_HZ;

const hears = (listener: WeriftParticipant, ...expected: Who[]) => hearsOnly(listener, TONES_HZ, expected);

test('on a server of --access token', async (t) => {
  const server = await startServer(['--levelling', 'off', '--access', 'token', '--token-secret', SECRET]);
  t.teardown(() => server.close());
  const token = (who: string, rights: { maySpeak?: boolean; mayModerate?: boolean } = {}) => {
    const grant = { room: 'lobby', identity: who, name: who, maySpeak: true, mayModerate: false, ...rights };
    return createJoinToken(tokenKey(SECRET), grant, { wallNowMs: Date.now(), lifetimeMs: 60_000 });
  };
  const join = async (who: Who, rights = {}) => {
    const options = { url: server.webSocketUrl, room: 'lobby', name: 'x', token: await token(who, rights) };
    const participant = await WeriftParticipant.join(options);
    t.teardown(() => participant.close());
    // The client's claims about its microphone are not what protects the others: it continues to send whatever happens.
    participant.say(toneSound(TONES_HZ[who], AMPLITUDE));
    return participant;
  };

  await t.rejects(WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name: 'x' }), /token_required/);
  const mod = await join('mod', { mayModerate: true });
  const ben = await join('ben');
  const cy = await join('cy', { maySpeak: false });

  await t.test('a participant who may only listen hears the others, and is heard by nobody', async (t) => {
    cy.setMuted(false);
    t.match(await cy.message('error'), { code: 'not_allowed' });
    await t.resolves(Promise.all([hears(mod, 'ben'), hears(ben, 'mod'), hears(cy, 'mod', 'ben')]));
    t.equal((await server.metrics()).sum('partyline_decoders_in_use'), 2, 'and costs no decoder');
  });

  await t.test('a participant muted by a moderator stays inaudible until the moderator allows speaking', async (t) => {
    mod.send({ type: 'mute_participant', participantId: ben.id, muted: true });
    ben.setMuted(false);
    await t.resolves(hears(cy, 'mod'));
    mod.send({ type: 'mute_participant', participantId: ben.id, muted: false });
    await t.resolves(hears(cy, 'mod'), 'allowed to speak, but not unmuted by somebody else');
    ben.setMuted(false);
    await t.resolves(hears(cy, 'mod', 'ben'));
  });

  await t.test('a kicked participant is no longer heard, and cannot return to the locked room', async (t) => {
    mod.send({ type: 'lock', locked: true });
    mod.send({ type: 'kick', participantId: ben.id });
    await t.resolves(hears(cy, 'mod'));
    const before = ben.hearing.mark();
    await sleep(200);
    t.equal(ben.hearing.mark(), before, 'and hears nothing');
    await t.rejects(join('ben'), /room_locked/);
    mod.send({ type: 'lock', locked: false });
    await eventually(() => cy.messages.some((message) => message.type === 'room_updated' && !message.locked));
    await join('ben');
    await t.resolves(hears(cy, 'mod', 'ben'));
  });
});
