import { test } from 'tap';
import { countSrtpFailure, createVoiceCounters, createWebRtcCounters } from '../../src/rtc/webrtc-counters.ts';

test('counters begin at zero', (t) => {
  for (const counters of [createWebRtcCounters(), createVoiceCounters()]) {
    t.ok(Object.values(counters).every((count) => count === 0));
    t.ok(Object.keys(counters).length > 0);
  }
  t.end();
});

test('each failure of SRTP has its own counter', (t) => {
  const counters = createWebRtcCounters();
  for (const failure of ['auth', 'replay', 'replay', 'malformed', 'malformed', 'malformed'] as const) {
    countSrtpFailure(counters, failure);
  }
  t.same(counters, { ...createWebRtcCounters(), srtpForged: 1, srtpReplayed: 2, srtpMalformed: 3 });
  t.end();
});
