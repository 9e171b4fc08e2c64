/** Checksums of 32 bits whose polynomials have their bits in reverse order. Not every supported Node has `zlib.crc32`. */

/** Of ITU V.42. */
const IEEE = tableOf(0xedb88320);
/** Castagnoli's, as in RFC 9260 appendix A. */
const CASTAGNOLI = tableOf(0x82f63b78);

/** CRC-32 of the first `length` bytes, unsigned. */
export function crc32(bytes: Uint8Array, length: number): number {
  return checksum(IEEE, bytes, length);
}

/** CRC-32C of the first `length` bytes, unsigned. */
export function crc32c(bytes: Uint8Array, length: number): number {
  return checksum(CASTAGNOLI, bytes, length);
}

function checksum(table: Uint32Array, bytes: Uint8Array, length: number): number {
  let c = 0xffffffff;
  for (let i = 0; i < length; i++) c = table[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}

function tableOf(polynomial: number): Uint32Array {
  return new Uint32Array(256).map((_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = (c & 1) !== 0 ? polynomial ^ (c >>> 1) : c >>> 1;
    return c;
  });
}
