import pino from 'pino';
import { test } from 'tap';
import { defaultConfig } from '../../src/config/config.ts';
import { Announcement } from '../../src/media/control/announcement.ts';
import { bindFailureInWords } from '../../src/rtc/net/datagram-port.ts';
import { listenError, mediaError } from '../../src/server/start-error.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const refused = Object.assign(new Error('bind EACCES'), { code: 'EACCES' });

test('for an announced host that cannot be resolved, the advice is to correct it, and not a port', async (t) => {
  const start = Announcement.start({
    announce: ['voice.example.org'],
    clock: new FakeClock(),
    log: pino({ level: 'silent' }),
    resolve: () => Promise.reject(new Error('ENOTFOUND')),
  });
  const { message } = mediaError(await start.then(t.fail, (error: unknown) => error));
  t.match(message, /the announced host name voice\.example\.org cannot be resolved\. Correct --announce or the DNS\.$/);
  t.notMatch(message, /media-port/);
});

test('for a port that needs a privilege, the advice names that privilege, wherever the port is opened', (t) => {
  for (const text of [
    bindFailureInWords(refused, 443),
    listenError(refused, { ...defaultConfig({ cores: 1 }), port: 443 }).message,
  ])
    for (const word of ['CAP_NET_BIND_SERVICE', 'setcap', 'AmbientCapabilities', 'ip_unprivileged_port_start=443'])
      t.match(text, word);
  t.notMatch(bindFailureInWords(refused, 40_000), 'CAP_NET_BIND_SERVICE');
  t.end();
});
