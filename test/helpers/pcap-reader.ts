import { bytesToIp } from '../../src/lib/net/ip-address.ts';

export interface PcapRecord {
  readonly wallMs: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** The captured part of the UDP payload. */
  readonly payload: Buffer;
  /** Length before it was cut. */
  readonly length: number;
}

/** Reads a capture of UDP in raw IP, strictly: throws an Error for anything else in the file. */
export function readPcap(file: Buffer): PcapRecord[] {
  const magic = file.readUInt32LE(0);
  if (magic !== 0xa1b2c3d4) throw new Error(`no pcap file: ${magic.toString(16)}`);
  if (file.readUInt16LE(4) !== 2 || file.readUInt16LE(6) !== 4) throw new Error('not version 2.4');
  if (file.readUInt32LE(20) !== 101) throw new Error('not LINKTYPE_RAW');
  const snapLength = file.readUInt32LE(16);
  const records: PcapRecord[] = [];
  let at = 24;
  while (at < file.length) {
    const kept = file.readUInt32LE(at + 8);
    const length = file.readUInt32LE(at + 12);
    if (kept > snapLength || kept > length) throw new Error(`a record of ${kept} of ${length} bytes`);
    const end = at + 16 + kept;
    if (end > file.length) throw new Error('the last record is cut');
    const wallMs = file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000;
    records.push({ wallMs, ...readIp(file.subarray(at + 16, end), length) });
    at = end;
  }
  return records;
}

function readIp(packet: Buffer, length: number): Omit<PcapRecord, 'wallMs'> {
  const version = packet[0]! >> 4;
  if (version !== 4 && version !== 6) throw new Error(`IP version ${version}`);
  const isV4 = version === 4;
  if (isV4 && packet[0] !== 0x45) throw new Error('IPv4 with options');
  const header = isV4 ? 20 : 40;
  const total = isV4 ? packet.readUInt16BE(2) : 40 + packet.readUInt16BE(4);
  if (total !== length) throw new Error(`IP says ${total} bytes, the record ${length}`);
  if (packet[isV4 ? 9 : 6] !== 17) throw new Error('not UDP');
  const addresses = isV4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  const half = addresses.length / 2;
  const udp = packet.subarray(header);
  if (udp.readUInt16BE(4) !== total - header) throw new Error('UDP and IP have different lengths');
  return {
    source: bytesToIp(addresses.subarray(0, half)),
    destination: bytesToIp(addresses.subarray(half)),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: udp.subarray(8),
    length: length - header - 8,
  };
}
