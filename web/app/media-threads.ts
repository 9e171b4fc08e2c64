/** One file for two threads: in a worker it has the socket and the codec, in a worklet the microphone and what is played. */
import { runMediaWorker } from '../sdk/websocket-media/worker.ts';
import { registerMediaProcessors } from '../sdk/websocket-media/worklet.ts';

if ('AudioWorkletProcessor' in globalThis) registerMediaProcessors();
else runMediaWorker();
