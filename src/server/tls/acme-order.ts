/** One certificate order: RFC 8555 section 7.4. */
import { createSecureContext } from 'node:tls';
import type { Authorization, Order } from 'acme-client';
import type { Clock, Millis } from '../../lib/clock.ts';
import type { Acme, AcmeClient } from './acme-client.ts';
import { AcmeError, type ChallengeType, problemIn } from './acme-error.ts';
import type { PemFiles } from './certificate.ts';
import type { Challenges } from './challenges.ts';

/** First polling interval; it doubles each time. */
const FIRST_POLL_MS: Millis = 250;
const LAST_POLL_MS: Millis = 4000;
const PATIENCE_MS: Millis = 120_000;

export interface OrderOptions {
  readonly acme: Acme;
  readonly directoryUrl: string;
  readonly accountKeyPem: string;
  /** Empty: none. */
  readonly email: string;
  readonly domains: readonly string[];
  readonly challengeType: ChallengeType;
  /** Holds the proofs while they are requested. */
  readonly challenges: Challenges;
  readonly clock: Clock;
  /** Cancels the order. */
  readonly signal: AbortSignal;
}

/** Requests a certificate with a new key. Rejects with `AcmeError`, or as `signal` says. */
export async function orderCertificate(options: OrderOptions): Promise<PemFiles> {
  const { acme, directoryUrl, accountKeyPem, email, domains, challenges } = options;
  const client = new acme.Client({ directoryUrl, accountKey: accountKeyPem });
  await openAccount(client, email);
  const order = await client.createOrder({ identifiers: domains.map((value) => ({ type: 'dns', value })) });
  try {
    await prove(client, order, options);
  } finally {
    challenges.clear();
  }
  return finalize(client, order, options);
}

/** Creates an account, or finds the one for the key. */
async function openAccount(client: AcmeClient, email: string): Promise<void> {
  const contact = email === '' ? undefined : [`mailto:${email}`];
  try {
    await client.createAccount({ termsOfServiceAgreed: true, ...(contact !== undefined && { contact }) });
  } catch (error) {
    // An existing account is then updated, which directories refuse if there is nothing to change.
    if (contact !== undefined || !hasAccount(client)) throw error;
  }
}

function hasAccount(client: AcmeClient): boolean {
  try {
    return client.getAccountUrl() !== '';
  } catch {
    return false;
  }
}

/** Proves to the directory that the names point here. */
async function prove(client: AcmeClient, order: Order, options: OrderOptions): Promise<void> {
  for (const authorization of await client.getAuthorizations(order)) {
    if (authorization.status === 'pending') await answer(client, authorization, options);
  }
  await until(options, async () => {
    const authorizations = await client.getAuthorizations(order);
    for (const authorization of authorizations) failIfInvalid(authorization, options.challengeType);
    return authorizations.every(({ status }) => status === 'valid') ? true : undefined;
  });
}

async function answer(
  client: AcmeClient,
  authorization: Authorization,
  { acme, challengeType, challenges }: OrderOptions,
): Promise<void> {
  const domain = authorization.identifier.value;
  // acme-client's types do not include all challenges.
  const challenge = authorization.challenges.find(({ type }) => (type as string) === challengeType);
  if (challenge === undefined) {
    const detail = `the certificate authority does not offer ${challengeType}`;
    throw new AcmeError({ kind: 'unsupportedChallenge', detail, domain, challenge: challengeType });
  }
  const keyAuthorization = await client.getChallengeKeyAuthorization(challenge);
  if (challengeType === 'http-01') challenges.answerByHttp(challenge.token, keyAuthorization);
  else {
    const newKey = await acme.crypto.createPrivateEcdsaKey();
    const [key, cert] = await acme.crypto.createAlpnCertificate(authorization, keyAuthorization, newKey);
    challenges.answerByTls(domain, createSecureContext({ key, cert }));
  }
  await client.completeChallenge(challenge);
}

function failIfInvalid({ status, identifier, challenges }: Authorization, type: ChallengeType): void {
  if (status === 'pending' || status === 'valid') return;
  const failed = challenges.find(({ error }) => error !== undefined);
  const problem = problemIn(failed?.error) ?? { kind: 'unauthorized', detail: `the challenge is ${status}` };
  // Some authorities call this a wrong request.
  const kind = /could not resolve/i.test(problem.detail) ? 'dns' : problem.kind;
  throw new AcmeError({ ...problem, kind, domain: identifier.value, challenge: type });
}

async function finalize(client: AcmeClient, order: Order, options: OrderOptions): Promise<PemFiles> {
  const { acme, domains } = options;
  const [key, csr] = await acme.crypto.createCsr({ altNames: [...domains] }, await acme.crypto.createPrivateEcdsaKey());
  await until(options, async () => isDone(await client.getOrder(order), ['ready', 'valid']));
  await client.finalizeOrder(order, csr);
  const issued = await until(options, async () => isDone(await client.getOrder(order), ['valid']));
  return { chainPem: await client.getCertificate(issued), keyPem: key.toString() };
}

function isDone(order: Order, wanted: readonly Order['status'][]): Order | undefined {
  if (order.status === 'invalid') {
    const problem = problemIn(order.error) ?? { kind: 'orderNotReady', detail: 'the order has become invalid' };
    throw new AcmeError(problem);
  }
  return wanted.includes(order.status) ? order : undefined;
}

/** Polls `look` until it returns something. */
async function until<T>({ clock, signal }: OrderOptions, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = clock.now() + PATIENCE_MS;
  let pauseMs = FIRST_POLL_MS;
  while (clock.now() < deadline) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    await pause(clock, pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LAST_POLL_MS);
  }
  throw new AcmeError({ kind: 'unreachable', detail: `no result after ${PATIENCE_MS / 1000} s` });
}

function pause(clock: Clock, ms: Millis, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(clock.now() + ms, done);
    signal.addEventListener('abort', done);
  });
}
