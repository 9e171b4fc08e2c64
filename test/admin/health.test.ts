import { test } from 'tap';
import { health } from '../../src/admin/health.ts';
import { mediaStats } from '../helpers/fake-media-plane.ts';

const STATE = { version: '1.2.3', closing: false, expectedWorkers: 2, rooms: 3, participants: 4 };
const TICKING = [mediaStats({ worker: 0 }), mediaStats({ worker: 1, tickAgeMs: 1000, restarts: 1 })];

test('a server whose workers all tick is healthy', (t) => {
  t.strictSame(health({ ...STATE, workers: TICKING }), {
    status: 'ok',
    version: '1.2.3',
    rooms: 3,
    participants: 4,
    workers: [
      { worker: 0, tickAgeMs: 5, restarts: 0 },
      { worker: 1, tickAgeMs: 1000, restarts: 1 },
    ],
  });
  t.end();
});

test('a worker that does not tick or is not there makes the server unhealthy', (t) => {
  t.equal(health({ ...STATE, workers: [TICKING[0]!, mediaStats({ worker: 1, tickAgeMs: 1001 })] }).status, 'unhealthy');
  t.equal(health({ ...STATE, workers: [TICKING[0]!] }).status, 'unhealthy');
  t.end();
});

test('a server that closes says so', (t) => {
  t.equal(health({ ...STATE, workers: TICKING, closing: true }).status, 'closing');
  t.end();
});
