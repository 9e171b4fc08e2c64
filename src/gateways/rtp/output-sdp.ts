/** The session description with which a player receives a room by RTP (RFC 8866, RFC 7587 section 7, RFC 4568). */
import { isIP } from 'node:net';

export interface OutputSdpOptions {
  readonly room: string;
  readonly address: string;
  readonly port: number;
  readonly payloadType: number;
  readonly ssrc: number;
  /** As in the request. */
  readonly key: string | undefined;
}

export function outputSdp({ room, address, port, payloadType, ssrc, key }: OutputSdpOptions): string {
  const connection = `IN IP${isIP(address)} ${address}`;
  return [
    'v=0',
    `o=- ${ssrc} 1 ${connection}`,
    `s=${room.replace(/\p{Cc}/gu, ' ')}`,
    `c=${connection}`,
    't=0 0',
    `m=audio ${port} ${key === undefined ? 'RTP/AVP' : 'RTP/SAVP'} ${payloadType}`,
    `a=rtpmap:${payloadType} opus/48000/2`,
    `a=fmtp:${payloadType} sprop-stereo=1`,
    'a=ptime:20',
    'a=sendonly',
    ...(key === undefined ? [] : [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`]),
    '',
  ].join('\r\n');
}
