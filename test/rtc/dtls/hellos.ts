export interface HelloOptions {
  readonly version?: number;
  /** Lengths in bytes. */
  readonly sessionId?: number;
  readonly cookie?: number;
  readonly suites?: readonly number[];
  /** Null leaves an extension out. */
  readonly groups?: readonly number[] | null;
  readonly signatures?: readonly number[] | null;
  readonly profiles?: readonly number[] | null;
  readonly extendedMasterSecret?: boolean;
}

const uint16 = (...values: readonly number[]) => values.flatMap((value) => [value >> 8, value & 0xff]);
const list = (values: readonly number[]) => [...uint16(values.length * 2), ...uint16(...values)];
const extension = (type: number, content: readonly number[]) => [...uint16(type, content.length), ...content];

/** The body of a ClientHello (RFC 6347 section 4.2.1), by default one that this server can answer. */
export function clientHelloBody(options: HelloOptions = {}): Buffer {
  const { version = 0xfefd, sessionId = 0, cookie = 0, suites = [0xc02b], extendedMasterSecret = true } = options;
  const { groups = [23], signatures = [0x0403], profiles = [1] } = options;
  const extensions = [
    ...(groups === null ? [] : extension(10, list(groups))),
    ...(signatures === null ? [] : extension(13, list(signatures))),
    ...(profiles === null ? [] : extension(14, [...list(profiles), 0])),
    ...(extendedMasterSecret ? extension(23, []) : []),
  ];
  const zeros = (length: number) => Array<number>(length).fill(0);
  return Buffer.from([
    ...uint16(version),
    ...zeros(32),
    sessionId,
    ...zeros(sessionId),
    cookie,
    ...zeros(cookie),
    ...list(suites),
    ...[1, 0],
    ...uint16(extensions.length),
    ...extensions,
  ]);
}

/** The same in a record and one fragment, as message `sequence` of the handshake. */
export function clientHelloRecord(options: HelloOptions = {}, sequence = 0): Buffer {
  const body = clientHelloBody(options);
  const length = [0, ...uint16(body.length)];
  const handshake = Buffer.from([1, ...length, ...uint16(sequence), 0, 0, 0, ...length, ...body]);
  return Buffer.from([22, 0xfe, 0xfd, ...zerosOf(8), ...uint16(handshake.length), ...handshake]);
}

function zerosOf(length: number): number[] {
  return Array<number>(length).fill(0);
}
