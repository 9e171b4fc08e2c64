import type { ErrorKind } from './errors.ts';

/** A part of `ERRORS`: what can go wrong with programs that send sound, players that listen, forwards, and plain RTP. */
export const BROADCAST_ERRORS = {
  whip_off: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This is off on this server. Its operator can enable it (whip, whep).',
  },
  live_off: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'Listening over HTTP is off in this room, or on this server. Its operator can enable it (live).',
  },
  nothing_to_hear: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'Nobody is in this room, so there is nothing to hear yet.',
  },
  unknown_session: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This session does not exist, or it has ended.',
  },
  etag_required: {
    fault: 'user',
    httpStatus: 428,
    closeCode: null,
    message: 'The request needs the header If-Match with the ETag of the session, or "*" for an ICE restart.',
  },
  etag_wrong: {
    fault: 'user',
    httpStatus: 412,
    closeCode: null,
    message: 'The ETag in If-Match is not the one of the session. ICE may have been restarted since.',
  },
  forbidden_target: {
    fault: 'user',
    httpStatus: 403,
    closeCode: null,
    message: 'Rooms may not be sent there. The operator can allow it (forward-targets, rtp-targets).',
  },
  unknown_forward: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This forward does not exist, or it has ended.',
  },
  route_loop: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'These rooms are the same, or there is already a way from one to the other.',
  },
  unknown_route: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This route does not exist, or it has ended.',
  },
  too_many_routes: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'One of the rooms, or the server, has reached its maximum number of routes.',
  },
  rtp_off: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This server takes no sound by RTP. Its operator can enable it (rtp-in).',
  },
  rtp_port_taken: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'This UDP port cannot be opened. Another program, or another input, may use it.',
  },
  unknown_rtp: {
    fault: 'user',
    httpStatus: 404,
    closeCode: null,
    message: 'This input or output by RTP does not exist, or it has ended.',
  },
  too_many_rtp: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'The room, or the server, has reached its maximum number of inputs and outputs by RTP.',
  },
  too_many_forwards: {
    fault: 'user',
    httpStatus: 409,
    closeCode: null,
    message: 'The room, or the server, has reached its maximum number of forwards.',
  },
} as const satisfies Record<string, ErrorKind>;
