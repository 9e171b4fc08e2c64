import type { FuzzTarget } from './target.ts';
import { bot } from './targets/bot.ts';
import { config } from './targets/config.ts';
import { dtls } from './targets/dtls.ts';
import { firstBytes } from './targets/first-bytes.ts';
import { framing } from './targets/framing.ts';
import { handshake } from './targets/handshake.ts';
import { http } from './targets/http.ts';
import { mediaSocket } from './targets/media-socket.ts';
import { mumbleControl, mumbleVoice } from './targets/mumble.ts';
import { mumbleUpstream } from './targets/mumble-upstream.ts';
import { ogg } from './targets/ogg.ts';
import { opus, voice } from './targets/opus.ts';
import { rtcp } from './targets/rtcp.ts';
import { rtp } from './targets/rtp.ts';
import { rtpInput } from './targets/rtp-input.ts';
import { sdp } from './targets/sdp.ts';
import { sdpFragment } from './targets/sdp-fragment.ts';
import { signaling } from './targets/signaling.ts';
import { srtp } from './targets/srtp.ts';
import { stun } from './targets/stun.ts';
import { token } from './targets/token.ts';
import { transport } from './targets/transport.ts';

/** What reads bytes from the network, each part by itself. */
export const partTargets: readonly FuzzTarget[] = [
  stun,
  handshake,
  dtls,
  rtp,
  rtpInput,
  srtp,
  rtcp,
  transport,
  framing,
  firstBytes,
  mumbleControl,
  mumbleVoice,
  mumbleUpstream,
  ogg,
  opus,
  voice,
  sdp,
  sdpFragment,
  signaling,
  token,
  http,
  bot,
  mediaSocket,
  config,
];
