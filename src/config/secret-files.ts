import { readFileSync } from 'node:fs';
import { type Config, flagName, SETTINGS } from './settings.ts';

type SecretKey = 'tokenSecret' | 'adminToken' | 'webhookSecret' | 'turnSecret' | 'turnPassword';

/** The configuration with the secrets that are kept in files. What is wrong is added to `problems`, in sentences. */
export function withSecretFiles(config: Config, problems: string[]): Config {
  const complete = {
    ...config,
    tokenSecret: secretOf('tokenSecret', config, problems),
    adminToken: secretOf('adminToken', config, problems),
    webhookSecret: secretOf('webhookSecret', config, problems),
    turnSecret: secretOf('turnSecret', config, problems),
    turnPassword: secretOf('turnPassword', config, problems),
  };
  // What a file does not hold would be missed here as well; it has been said.
  if (problems.length > 0) return complete;
  if (complete.access === 'token' && complete.tokenSecret === '')
    problems.push('access token needs a token-secret or a token-secret-file.');
  if (complete.webhookUrls.length > 0 && complete.webhookSecret === '')
    problems.push('webhook-urls needs a webhook-secret or a webhook-secret-file.');
  problems.push(...turnProblems(complete));
  return complete;
}

function turnProblems({ turnUrls, turnSecret, turnUsername, turnPassword }: Config): string[] {
  const problems: string[] = [];
  const hasUser = turnUsername !== '' || turnPassword !== '';
  if (turnSecret !== '' && hasUser)
    problems.push('turn-secret and turn-username are two ways to the same TURN server; give one of them.');
  else if (turnUsername !== '' && turnPassword === '')
    problems.push('turn-username needs a turn-password or a turn-password-file.');
  else if (turnUsername === '' && turnPassword !== '') problems.push('turn-password needs a turn-username.');
  const hasCredentials = turnSecret !== '' || hasUser;
  if (turnUrls.length > 0 && !hasCredentials)
    problems.push('turn-urls needs a turn-secret (or turn-secret-file), or a turn-username and a turn-password.');
  if (turnUrls.length === 0 && hasCredentials) problems.push('There are credentials for TURN, but no turn-urls.');
  return problems;
}

function secretOf(key: SecretKey, config: Config, problems: string[]): string {
  const given = config[key];
  const file = config[`${key}File`];
  if (file === '') return given;
  const name = flagName(key);
  if (given !== '') problems.push(`${name} and ${name}-file are both given; one of them is enough.`);
  let text = '';
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`The file of ${name}, ${file}, cannot be read: ${error instanceof Error ? error.message : error}.`);
    return '';
  }
  const { schema, allowed } = SETTINGS[key].kind;
  if (text === '' || !schema.safeParse(text).success) problems.push(`The file ${file} does not hold ${allowed}.`);
  return text;
}
