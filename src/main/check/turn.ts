/** Checks whether the TURN servers answer and accept the credentials. */
import { randomBytes } from 'node:crypto';
import { within } from '../../lib/clock.ts';
import { parseTurnUrl, type TurnCredentials, turnCredentials } from '../../lib/turn.ts';
import { ATTRIBUTE, STUN_TRANSACTION_ID_LENGTH } from '../../rtc/ice/stun.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';
import { openTurnLink, type TurnLink } from './turn-link.ts';
import {
  errorCode,
  LIFETIME,
  longTermKey,
  REQUESTED_TRANSPORT,
  readTurn,
  TURN_TYPE,
  type TurnAnswer,
  type TurnAttribute,
  writeTurn,
} from './turn-message.ts';

const LIMIT_MS = 4000;
/** The protocol to relay: UDP. */
const RELAY_UDP: TurnAttribute = [REQUESTED_TRANSPORT, Uint8Array.of(17, 0, 0, 0)];
const UNAUTHENTICATED = 401;

/** One result per TURN server. */
export async function checkTurn({ config, clock }: CheckInput): Promise<readonly CheckResult[]> {
  const credentials = turnCredentials(config, { user: 'check', wallNowMs: clock.wallNow() });
  return Promise.all(
    config.turnUrls.map(async (url): Promise<CheckResult> => {
      const address = parseTurnUrl(url);
      const name = `TURN ${url}`;
      if (address === null) return { name, status: 'fail', text: 'This is not the URL of a TURN server.' };
      const link = openTurnLink(address, clock);
      try {
        const found = await within(clock, LIMIT_MS, tryCredentials(link, credentials));
        return { name, ...(found ?? unreachable('no answer')) };
      } catch (error) {
        return { name, ...unreachable(reasonOf(error)) };
      } finally {
        link.close();
      }
    }),
  );
}

type Finding = Omit<CheckResult, 'name'>;

function unreachable(reason: string): Finding {
  return {
    status: 'fail',
    text: `The server cannot be reached: ${reason}. Check that it is running, its name and port, and any firewalls in between.`,
  };
}

async function tryCredentials(link: TurnLink, { username, credential }: TurnCredentials): Promise<Finding> {
  const first = await ask(link, TURN_TYPE.allocate, [RELAY_UDP]);
  if (first.type === TURN_TYPE.allocated)
    return { status: 'warn', text: 'The server relays for anyone, without credentials. Set use-auth-secret.' };
  const realm = first.attributes.get(ATTRIBUTE.REALM);
  const nonce = first.attributes.get(ATTRIBUTE.NONCE);
  if (errorCode(first) !== UNAUTHENTICATED || realm === undefined || nonce === undefined) return refusal(first);
  const key = longTermKey(username, realm.toString('utf8'), credential);
  const who: TurnAttribute[] = [
    [ATTRIBUTE.USERNAME, Buffer.from(username)],
    [ATTRIBUTE.REALM, realm],
    [ATTRIBUTE.NONCE, nonce],
  ];
  const second = await ask(link, TURN_TYPE.allocate, [RELAY_UDP, ...who], key);
  if (second.type !== TURN_TYPE.allocated) return refusal(second);
  // The relay is no longer needed. If this request is lost, it only occupies a port for ten minutes.
  link.send(writeTurn(TURN_TYPE.refresh, newId(), [[LIFETIME, Buffer.alloc(4)], ...who], key));
  return { status: 'ok', text: 'The server answers, accepts the credentials, and relays.' };
}

function refusal(answer: TurnAnswer): Finding {
  const code = errorCode(answer);
  if (code === UNAUTHENTICATED) {
    const text =
      "The server answers but rejects the credentials. turn-secret must match its static-auth-secret (or turn-username and turn-password must be one of its users), and both machines' clocks must be correct.";
    return { status: 'fail', text };
  }
  return { status: 'fail', text: `The server answers but does not relay (error ${code}). Its log says why.` };
}

async function ask(
  link: TurnLink,
  type: number,
  attributes: readonly TurnAttribute[],
  key?: Uint8Array,
): Promise<TurnAnswer> {
  const id = newId();
  return link.exchange(writeTurn(type, id, attributes, key), (bytes) => readTurn(bytes, id));
}

function newId(): Buffer {
  return randomBytes(STUN_TRANSACTION_ID_LENGTH);
}
