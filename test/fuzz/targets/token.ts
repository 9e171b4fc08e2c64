import { createHmac } from 'node:crypto';
import { AppError } from '../../../src/lib/errors.ts';
import { createJoinToken, tokenKey, verifyJoinToken } from '../../../src/rooms/join-token.ts';
import { type FuzzTarget, hold } from '../target.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const NOW_MS = 1_800_000_000_000;
const ROOM = 'lobby';
const key = tokenKey(SECRET);
const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
const SIGNED = 0x7b;

const grant = { room: ROOM, identity: 'ada', name: 'Ada', maySpeak: true, mayModerate: false };
const genuine = await createJoinToken(key, grant, { wallNowMs: NOW_MS, lifetimeMs: 3_600_000 });
const [, claims] = genuine.split('.') as [string, string];

/** A token. An input that begins like JSON is claims instead, signed with the right secret by a careless issuer. */
export const token: FuzzTarget = {
  name: 'token',
  files: ['src/rooms/join-token.ts', 'src/rooms/names.ts'],
  seeds: () => [Buffer.from(genuine), Buffer.from(claims, 'base64url'), Buffer.from('{"alg":"none"}')],
  tokens: [
    ...['.', '=', 'eyJhbGciOiJub25lIn0', HEADER, '"exp":', '"nbf":', '1e999', 'null', '{', '}', '[', ']', '"voice":{'],
    ...[
      '"room":"lobby"',
      '"roomJoin":true',
      '"canPublish":false',
      '"roomAdmin":true',
      '"sub":""',
      '"__proto__":{',
      '\\u0000',
    ],
  ],
  run: async (input) => {
    const text = Buffer.from(input).toString('utf8');
    const isClaims = input[0] === SIGNED;
    try {
      const admission = await verifyJoinToken(key, isClaims ? sign(text) : text, { room: ROOM, wallNowMs: NOW_MS });
      const body = text.slice(0, genuine.lastIndexOf('.'));
      hold(isClaims || genuine.startsWith(`${body}.`), 'only a signed token admits anybody');
      hold(
        (admission.identity?.length ?? 0) > 0 && admission.identity!.length <= 128,
        'an identity is 1 to 128 characters',
      );
      hold(
        typeof admission.maySpeak === 'boolean' && typeof admission.mayModerate === 'boolean',
        'rights are yes or no',
      );
    } catch (error) {
      hold(error instanceof AppError && /^token_/.test(error.code), `only token errors are thrown, not ${error}`);
      hold(error.message.length < 1000, 'an error is short');
    }
  },
};

function sign(payload: string): string {
  const signed = `${HEADER}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
