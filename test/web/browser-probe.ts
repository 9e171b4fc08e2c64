/**
 * Runs in a page before the page's own scripts. It replaces the microphone, and lets a test hear what the page plays.
 * The page knows nothing about it. `test/helpers/browsers.ts` bundles and injects it.
 */

import type { ProbeMicrophone, ProbeReport } from '../helpers/browser-probe-types.ts';

const SAMPLE_RATE = 48_000;
const BLOCK_SAMPLES = 16_384;
const DRAW_MS = 100;
const nativePlay = HTMLMediaElement.prototype.play;
const connections: RTCPeerConnection[] = [];
let answers = 0;

let context: AudioContext | null = null;
let microphone: ProbeMicrophone | null = null;
let opened: MediaStreamTrack | undefined;
const nativeGetUserMedia = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);

export interface ProbeOptions {
  readonly microphone: ProbeMicrophone;
  readonly relayOnly?: boolean;
  readonly mono?: boolean;
}

export function install(options: ProbeOptions): void {
  microphone = options.microphone;
  drawSlowly();
  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(options.relayOnly ? { ...configuration, iceTransportPolicy: 'relay' } : configuration);
      connections.push(this);
      this.addEventListener('signalingstatechange', () => {
        if (this.signalingState === 'stable') answers += 1;
      });
    }

    override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      const sdp = options.mono ? description?.sdp?.replaceAll(';stereo=1', '') : undefined;
      return super.setLocalDescription(sdp === undefined ? description : { ...description, sdp });
    }
  };
  // On an insecure origin there is nothing to replace.
  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = openProbeMicrophone;
}

/** Nobody looks, and drawing takes most of the time that a page in a room uses. */
function drawSlowly(): void {
  globalThis.requestAnimationFrame = (draw) => window.setTimeout(() => draw(performance.now()), DRAW_MS);
  globalThis.cancelAnimationFrame = clearTimeout;
}

/** Applies from the next getUserMedia on. */
export function setMicrophone(given: ProbeMicrophone): void {
  microphone = given;
}

/** Ends the open microphone as if it were unplugged. */
export function unplugMicrophone(): void {
  opened?.stop();
  // A track that the page itself stops fires no event.
  opened?.dispatchEvent(new Event('ended'));
}

/** From now on the browser plays nothing before `allowSound`. */
export function refuseSound(): void {
  HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('made by the test', 'NotAllowedError'));
}

export function allowSound(): void {
  HTMLMediaElement.prototype.play = nativePlay;
}

async function openProbeMicrophone(constraints?: MediaStreamConstraints): Promise<MediaStream> {
  if (microphone?.kind === 'browser') return nativeGetUserMedia(constraints);
  if (microphone === null || microphone.kind === 'failure') {
    throw new DOMException('made by the test', microphone?.name ?? 'NotFoundError');
  }
  const audio = audioContext();
  await started(audio);
  const destination = audio.createMediaStreamDestination();
  if (microphone.kind === 'tone') {
    const oscillator = new OscillatorNode(audio, { frequency: microphone.frequencyHz });
    oscillator.connect(new GainNode(audio, { gain: microphone.gain })).connect(destination);
    oscillator.start();
  } else {
    const samples = new Float32Array(Uint8Array.from(atob(microphone.base64), (c) => c.charCodeAt(0)).buffer);
    const buffer = audio.createBuffer(1, samples.length, SAMPLE_RATE);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(audio, { buffer, loop: true });
    source.connect(destination);
    source.start();
  }
  opened = destination.stream.getAudioTracks()[0];
  return destination.stream;
}

/**
 * The input of the page's audio element, also if that changes, for at least this time: base64 of float32 at 48 kHz, one for each side. With
 * one side, it is the mean of both.
 */
export async function record(seconds: number, sides: 1 | 2): Promise<string[]> {
  const playing = () => document.querySelector('audio')?.srcObject;
  let stream = playing();
  if (!(stream instanceof MediaStream)) return Array.from({ length: sides }, () => '');
  const audio = audioContext();
  await started(audio);
  let source = audio.createMediaStreamSource(stream);
  // Deprecated, but an AudioWorklet would need a script of its own origin, which the page's CSP forbids.
  const tap = audio.createScriptProcessor(BLOCK_SAMPLES, sides, 1);
  const blocks = Array.from({ length: sides }, (): Float32Array[] => []);
  const wanted = Math.ceil((seconds * SAMPLE_RATE) / BLOCK_SAMPLES);
  await new Promise<void>((resolve) => {
    tap.onaudioprocess = ({ inputBuffer }) => {
      for (const [side, recorded] of blocks.entries()) recorded.push(inputBuffer.getChannelData(side).slice());
      if (blocks[0]?.length === wanted) resolve();
      const next = playing();
      if (next === stream || !(next instanceof MediaStream)) return;
      source.disconnect();
      stream = next;
      source = audio.createMediaStreamSource(next);
      source.connect(tap);
    };
    source.connect(tap).connect(audio.destination);
  });
  tap.onaudioprocess = null;
  tap.disconnect();
  source.disconnect();
  return blocks.map(toBase64);
}

export async function report(): Promise<ProbeReport> {
  const open = connections.filter((connection) => connection.signalingState !== 'closed');
  const elements = [...document.querySelectorAll('audio')];
  const entries = [...((await open.at(-1)?.getStats())?.values() ?? [])] as Record<string, unknown>[];
  const find = (type: string) => entries.find((entry) => entry['type'] === type && entry['kind'] === 'audio') ?? {};
  return {
    connections: connections.length,
    answers,
    remoteTracks: open.flatMap((connection) => connection.getReceivers().filter(({ track }) => track !== null)).length,
    audioElements: elements.length,
    isAudible: elements.some((element) => !element.paused && !element.muted && element.srcObject !== null),
    inbound: { ...find('inbound-rtp') },
    outbound: { ...find('outbound-rtp') },
    ...candidatesInUse(entries),
  };
}

function candidatesInUse(entries: readonly Record<string, unknown>[]) {
  const withId = (id: unknown) => entries.find((entry) => entry['id'] === id);
  // Firefox marks the pair, and Chromium names it in the transport.
  const named = entries.find((entry) => entry['type'] === 'transport')?.['selectedCandidatePairId'];
  const pair =
    withId(named) ?? entries.find((entry) => entry['type'] === 'candidate-pair' && entry['selected'] === true);
  return {
    localCandidate: { ...withId(pair?.['localCandidateId']) },
    remoteCandidate: { ...withId(pair?.['remoteCandidateId']) },
  };
}

function audioContext(): AudioContext {
  context ??= new AudioContext({ sampleRate: SAMPLE_RATE });
  void context.resume();
  return context;
}

/**
 * A microphone produces sound once it is open, but Firefox takes up to two seconds from `resume` to the first sample.
 */
async function started(audio: AudioContext): Promise<void> {
  await audio.resume();
  while (audio.currentTime === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

function toBase64(blocks: readonly Float32Array[]): string {
  let binary = '';
  for (const block of blocks) {
    const bytes = new Uint8Array(block.buffer);
    for (let start = 0; start < bytes.length; start += 0x8000) {
      binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
  }
  return btoa(binary);
}
