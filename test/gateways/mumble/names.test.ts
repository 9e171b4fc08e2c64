import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'tap';
import { eventually } from '../../helpers/eventually.ts';
import { clientCertificate, startMumble } from '../../helpers/mumble-server.ts';

test('nobody is shown under the name of somebody who is registered, in no room either', async (t) => {
  const certificate = await clientCertificate();
  const hash = createHash('sha1').update(new X509Certificate(certificate.cert).raw).digest('hex');
  const registeredNames = { [`mumble:${hash}`]: 'Zoe' };
  for (const defaultRoom of [undefined, 'lobby']) {
    const server = await startMumble(t, { registeredNames, settings: { defaultRoom } });
    for (const other of [
      await server.open({ name: 'z o e' }),
      await server.open({ name: 'z o e', certificate: await clientCertificate() }),
    ]) {
      await eventually(() => other.isClosed || 'still open');
      t.match(other.of('reject'), [{ type: 5 }]);
    }
    const zoe = await server.join({ name: 'Zoe', certificate });
    t.equal(zoe.own.name, 'Zoe');
  }
});
