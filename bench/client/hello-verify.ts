const HANDSHAKE = 22;
const HELLO_VERIFY_REQUEST = 3;
/** Where the type of a handshake message is in a DTLS record. */
const MESSAGE_TYPE_AT = 13;

/**
 * Returns a function that tells whether a datagram repeats the server's HelloVerifyRequest. That happens on a busy
 * machine: a client whose ClientHello is answered late has sent it again, and each gets an answer. werift's client takes
 * the second one for an error.
 */
export function createRepetitionFilter(): (datagram: Uint8Array) => boolean {
  let isVerified = false;
  return (datagram) => {
    if (datagram[0] !== HANDSHAKE || datagram[MESSAGE_TYPE_AT] !== HELLO_VERIFY_REQUEST) return false;
    const isRepeated = isVerified;
    isVerified = true;
    return isRepeated;
  };
}
