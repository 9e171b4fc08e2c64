/** A header of the PROXY protocol, version 2, as a proxy writes it. */
export interface WrittenProxyHeader {
  /** 4 or 16 bytes. */
  readonly client: readonly number[];
  readonly version?: number;
  /** 0 local, 1 proxy. */
  readonly command?: number;
  /** Address family and transport; TCP over the client's family by default. */
  readonly family?: number;
  /** Bytes of further values. */
  readonly extra?: number;
}

export function proxyHeader({ client, version = 2, command = 1, family, extra = 0 }: WrittenProxyHeader): Buffer {
  const server = client.map(() => 1);
  const addresses = [...client, ...server, ...[0x13, 0x88, 0x01, 0xbb]];
  const length = addresses.length + extra;
  const head = [(version << 4) | command, family ?? (client.length === 4 ? 0x11 : 0x21), length >> 8, length & 0xff];
  return Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([...head, ...addresses]),
    Buffer.alloc(extra),
  ]);
}
