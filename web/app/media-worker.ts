import { runMediaWorker } from '../sdk/websocket-media/worker.ts';

runMediaWorker();
