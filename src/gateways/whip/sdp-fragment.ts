/** ICE restarts in fragments of session descriptions (RFC 8840 section 9, RFC 9725 section 4.3). */
import { AppError } from '../../lib/errors.ts';

export const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';

/** RFC 8839 section 5.4 */
const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;
const LINE_END = /\r\n|\r|\n/;
/** RFC 8866 section 5: a lower-case letter, and a value. */
const LINE = /^[a-z]=/;

export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/**
 * The client's credentials in a fragment; null if it has none. The server is ICE-lite and needs no candidates, because
 * checks come from them. Throws `invalid_sdp`.
 */
export function parseFragment(text: string): IceCredentials | null {
  const lines = text.split(LINE_END).filter((line) => line !== '');
  const isFragment = lines.every((line) => LINE.test(line));
  const ufrag = attributeIn(lines, 'ice-ufrag');
  const password = attributeIn(lines, 'ice-pwd');
  if (!isFragment) throw new AppError('invalid_sdp', 'The fragment has a line that is not SDP.');
  if (ufrag === undefined && password === undefined) return null;
  if (ufrag === undefined || password === undefined)
    throw new AppError('invalid_sdp', 'The fragment has only one of ice-ufrag and ice-pwd.');
  if (!UFRAG.test(ufrag) || !PASSWORD.test(password))
    throw new AppError('invalid_sdp', 'The ICE credentials in the fragment are invalid.');
  return { ufrag, password };
}

/** The credentials in an offer, which has been answered and so has them. */
export function credentialsIn(sdp: string): IceCredentials {
  const lines = sdp.split(LINE_END);
  return { ufrag: attributeIn(lines, 'ice-ufrag') ?? '', password: attributeIn(lines, 'ice-pwd') ?? '' };
}

/** The same offer with other credentials in every section that has any. */
export function withCredentials(offer: string, { ufrag, password }: IceCredentials): string {
  return offer
    .split(LINE_END)
    .map((line) => {
      if (line.startsWith('a=ice-ufrag:')) return `a=ice-ufrag:${ufrag}`;
      return line.startsWith('a=ice-pwd:') ? `a=ice-pwd:${password}` : line;
    })
    .join('\r\n');
}

/** What the client needs of a new answer: the server's credentials, and its candidates in the first section. */
export function fragmentOf(answer: string): string {
  const lines = answer.split(LINE_END);
  const { ufrag, password } = credentialsIn(answer);
  const sections = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  const first = lines.slice(sections[0], sections[1]);
  const isWanted = (line: string) => /^(?:m=|a=mid:|a=candidate:|a=end-of-candidates$)/.test(line);
  const credentials = [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`];
  return `${['a=ice-lite', ...credentials, ...first.filter(isWanted)].join('\r\n')}\r\n`;
}

function attributeIn(lines: readonly string[], name: string): string | undefined {
  const prefix = `a=${name}:`;
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
}
