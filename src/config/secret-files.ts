import { readFileSync } from 'node:fs';
import { type Config, flagName, SETTINGS } from './settings.ts';

/** The configuration with the secrets that are kept in files. What is wrong is added to `problems`, in sentences. */
export function withSecretFiles(config: Config, problems: string[]): Config {
  const tokenSecret = secretOf('tokenSecret', config.tokenSecret, config.tokenSecretFile, problems);
  if (config.access === 'token' && tokenSecret === '' && problems.length === 0)
    problems.push('access token needs a token-secret or a token-secret-file.');
  return { ...config, tokenSecret };
}

function secretOf(key: 'tokenSecret', given: string, file: string, problems: string[]): string {
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
