import { test } from 'tap';
import { writeJanusConfiguration } from '../../../bench/janus/configuration.ts';
import {
  busiestThreadPercent,
  parseCpuSeconds,
  parseResidentBytes,
  parseSystemShare,
  readProcessUsage,
} from '../../../bench/lib/proc-usage.ts';

test('Janus is configured with AudioBridge and a WebSocket on the loopback interface only', async (t) => {
  const files = writeJanusConfiguration({ port: 18_188, rooms: ['bench'] });
  t.same([...files.keys()], ['janus.jcfg', 'janus.transport.websockets.jcfg', 'janus.plugin.audiobridge.jcfg']);
  t.match(files.get('janus.jcfg'), /^nat: \{\n\tice_enforce_list = "10\.99\.0\.1"\n\}$/m);
  t.match(files.get('janus.jcfg'), /^plugins: \{\n\tdisable = "libjanus_duktape\.so,.*libjanus_voicemail\.so"\n\}$/m);
  t.notMatch(files.get('janus.jcfg'), /audiobridge|websockets/);
  t.match(files.get('janus.transport.websockets.jcfg'), /\tws_port = 18188\n\tws_ip = "127\.0\.0\.1"\n\twss = false/);
  const room =
    /^room-bench: \{\n\tdescription = "bench"\n\tsampling_rate = 48000\n\taudiolevel_ext = true\n\trecord = false\n\}$/m;
  t.match(files.get('janus.plugin.audiobridge.jcfg'), room);
  const small = writeJanusConfiguration({ port: 1, rooms: ['bench'], prebuffering: 2 });
  t.match(small.get('janus.plugin.audiobridge.jcfg'), /\tdefault_prebuffering = 2\n/);
});

test('CPU time and memory are read from /proc whatever the process is called', async (t) => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 3 0 1234 66 0 0 20 0 9 0 100 1000 500 1';
  t.equal(parseCpuSeconds(stat), 13);
  const later = stat.replace('1234 66', '1264 76');
  t.equal(parseSystemShare(stat, later), 0.25, '10 of 40 ticks since then');
  t.equal(parseSystemShare(stat, stat), 0);
  t.equal(parseResidentBytes('Name:\tjanus\nVmRSS:\t    2048 kB\nThreads:\t9\n'), 2 * 1024 * 1024);
});

test('the resource usage of a local process is reported', {
  skip: process.platform !== 'linux' && 'only Linux has /proc',
}, async (t) => {
  const startMs = performance.now();
  const before = process.cpuUsage();
  const usage = await readProcessUsage(process.pid);
  t.ok(
    usage.cpuSeconds > 0 && usage.cpuSeconds <= process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6 + 0.02,
  );
  t.ok(usage.residentBytes > 1e6);
  // Measured in the thread's own CPU time, so other processes do not matter.
  while (process.cpuUsage(before).user < 300_000);
  const busiest = busiestThreadPercent(usage, await readProcessUsage(process.pid))!;
  const { user, system } = process.cpuUsage(before);
  const percent = (user + system) / 10 / (performance.now() - startMs);
  t.ok(
    Math.abs(busiest - percent) < percent / 4 + 2,
    `this thread was busy for ${busiest} % of the time, not ${percent} %`,
  );
  await t.rejects(readProcessUsage(2 ** 30));
});
