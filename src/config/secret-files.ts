import { readFileSync, statSync } from 'node:fs';
import { type Config, flagName, SETTINGS } from './settings.ts';
import { signInProblems } from './sign-in-problems.ts';

/** Permission bits of a file (inode(7)). */
const MODE_BITS = 0o777;
const WRITABLE = 0o222;
const WRITABLE_BY_OTHERS = 0o002;
const READABLE_BY_OTHERS = 0o004;

const SECRET_KEYS = [
  'tokenSecret',
  'adminToken',
  'webhookSecret',
  'turnSecret',
  'turnPassword',
  'recordingS3Secret',
  'mumbleUpstreamPassword',
  'clusterEnginePassword',
  'clusterSecret',
  'oidcClientSecret',
] as const;
type SecretKey = (typeof SECRET_KEYS)[number];

/** The configuration with secrets loaded from their files. Adds problems, as sentences, to `problems`. */
export function withSecretFiles(config: Config, problems: string[]): Config {
  const complete = {
    ...config,
    tokenSecret: secretOf('tokenSecret', config, problems),
    adminToken: secretOf('adminToken', config, problems),
    adminTokens: adminTokensOf(config, problems),
    webhookSecret: secretOf('webhookSecret', config, problems),
    turnSecret: secretOf('turnSecret', config, problems),
    turnPassword: secretOf('turnPassword', config, problems),
    recordingS3Secret: secretOf('recordingS3Secret', config, problems),
    mumbleUpstreamPassword: secretOf('mumbleUpstreamPassword', config, problems),
    clusterEnginePassword: secretOf('clusterEnginePassword', config, problems),
    clusterSecret: secretOf('clusterSecret', config, problems),
    oidcClientSecret: secretOf('oidcClientSecret', config, problems),
  };
  // A secret missing from its file would be reported again below.
  if (problems.length > 0) return complete;
  if (complete.access === 'token' && complete.tokenSecret === '')
    problems.push('access token requires token-secret or token-secret-file.');
  if (complete.webhookUrls.length > 0 && complete.webhookSecret === '')
    problems.push('webhook-urls requires webhook-secret or webhook-secret-file.');
  problems.push(...turnProblems(complete), ...signInProblems(complete));
  const { recordingS3Url, recordingS3KeyId, recordingS3Secret, recordingDir } = complete;
  if (recordingS3Url !== '' && (recordingS3KeyId === '' || recordingS3Secret === ''))
    problems.push(
      'recording-s3-url requires recording-s3-key-id, and recording-s3-secret or recording-s3-secret-file.',
    );
  if (recordingS3Url !== '' && recordingDir === '') problems.push('recording-s3-url requires recording-dir.');
  if (complete.mumbleUpstream !== '' && complete.mumbleUpstreamRooms.length === 0)
    problems.push('mumble-upstream requires mumble-upstream-rooms.');
  if (complete.clusterEngine !== '' && complete.clusterSecret === '')
    problems.push('cluster-engine requires cluster-secret or cluster-secret-file.');
  for (const key of ['nodeUrl', 'clusterPeer'] as const)
    if (complete.clusterEngine !== '' && complete[key] === '')
      problems.push(`cluster-engine requires ${flagName(key)}.`);
  return complete;
}

/**
 * Warns about secret files that other users of the machine can read or change. Read-only files are exempt from the
 * first, because that is how Docker (0444) and systemd (0400, 0440) provide secrets. `configFile` is a configuration
 * file that contains secrets.
 */
export function secretFileWarnings(config: Config, configFile?: string): string[] {
  const files = new Map<string, string>();
  for (const key of SECRET_KEYS) files.set(config[`${key}File`], `${flagName(key)}-file`);
  files.set(config.tlsKey, 'tls-key');
  files.set(config.adminTokensFile, 'admin-tokens-file');
  if (configFile !== undefined) files.set(configFile, 'the configuration, which contains secrets');
  files.delete('');
  return [...files].flatMap(([file, what]) => permissionWarning(file, what) ?? []);
}

function permissionWarning(file: string, what: string): string | undefined {
  const mode = modeOf(file);
  const isHandedOver = (mode & WRITABLE) === 0;
  const verb = mode & WRITABLE_BY_OTHERS ? 'change' : mode & READABLE_BY_OTHERS && !isHandedOver ? 'read' : undefined;
  if (verb === undefined) return undefined;
  return `Every user of this machine can ${verb} ${file} (${what}; mode ${mode.toString(8).padStart(4, '0')}). Run "chmod 600 ${file}" to restrict it to its owner.`;
}

/** Returns 0 if there is no such file, which is reported elsewhere. */
function modeOf(file: string): number {
  try {
    return statSync(file).mode & MODE_BITS;
  } catch {
    return 0;
  }
}

function turnProblems({ turnUrls, turnSecret, turnUsername, turnPassword }: Config): string[] {
  const problems: string[] = [];
  const hasUser = turnUsername !== '' || turnPassword !== '';
  if (turnSecret !== '' && hasUser)
    problems.push('turn-secret and turn-username are alternatives; set only one of them.');
  else if (turnUsername !== '' && turnPassword === '')
    problems.push('turn-username requires turn-password or turn-password-file.');
  else if (turnUsername === '' && turnPassword !== '') problems.push('turn-password requires turn-username.');
  const hasCredentials = turnSecret !== '' || hasUser;
  if (turnUrls.length > 0 && !hasCredentials)
    problems.push('turn-urls requires turn-secret (or turn-secret-file), or turn-username and turn-password.');
  if (turnUrls.length === 0 && hasCredentials) problems.push('TURN credentials are set, but turn-urls is not.');
  return problems;
}

function adminTokensOf({ adminTokens, adminTokensFile: file }: Config, problems: string[]): Config['adminTokens'] {
  if (file === '') return adminTokens;
  if (Object.keys(adminTokens).length > 0)
    problems.push('admin-tokens and admin-tokens-file are both set; set only one of them.');
  const { schema, allowed } = SETTINGS.adminTokens.kind;
  const read = schema.safeParse(textOf(file, 'admin-tokens', problems));
  if (!read.success) problems.push(`The file ${file} does not contain ${allowed}.`);
  return read.data ?? adminTokens;
}

/** Empty, and a problem, if the file cannot be read. */
function textOf(file: string, name: string, problems: string[]): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`The ${name} file ${file} cannot be read: ${error instanceof Error ? error.message : error}.`);
    return '';
  }
}

function secretOf(key: SecretKey, config: Config, problems: string[]): string {
  const given = config[key];
  const file = config[`${key}File`];
  if (file === '') return given;
  const name = flagName(key);
  if (given !== '') problems.push(`${name} and ${name}-file are both set; set only one of them.`);
  let text = '';
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`The ${name} file ${file} cannot be read: ${error instanceof Error ? error.message : error}.`);
    return '';
  }
  const { schema, allowed } = SETTINGS[key].kind;
  if (text === '' || !schema.safeParse(text).success) problems.push(`The file ${file} does not contain ${allowed}.`);
  return text;
}
