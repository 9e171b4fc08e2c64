/** Bounds of what clients may send, where more than one part of the server checks them. In UTF-16 units. */

/** The claim `sub` of a join token. */
export const MAX_IDENTITY_LENGTH = 128;
export const MAX_PASSWORD_LENGTH = 256;
