/**
 * Adds `stereo=1` to the Opus formats of an offer (RFC 7587 section 6.1). Chromium plays what it receives in stereo only
 * if its own description says so; whatever the answer says, it mixes both sides otherwise. Firefox writes it by itself.
 * What the microphone sends stays mono, because the answer asks for that.
 */
export function askForStereo(sdp: string): string {
  const opus = new Set(Array.from(sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim), ([, payloadType]) => payloadType));
  return sdp.replace(/^a=fmtp:(\d+) (.*)$/gm, (line: string, payloadType: string, parameters: string) => {
    if (!opus.has(payloadType) || /(?:^|;)\s*stereo=/.test(parameters)) return line;
    return `${line.trimEnd()};stereo=1${line.endsWith('\r') ? '\r' : ''}`;
  });
}
