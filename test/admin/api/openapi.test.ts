import { Validator } from '@seriousme/openapi-schema-validator';
import pino from 'pino';
import { test } from 'tap';
import { createRouter } from '../../../src/admin/api/api.ts';
import { AuditTrail } from '../../../src/admin/api/audit.ts';
import { openApiDocument } from '../../../src/admin/api/openapi.ts';
import { TrustedProxies } from '../../../src/lib/net/client-address.ts';
import { API_PATH, type Handlers } from '../../../src/protocol/api/operations.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

test('the document is valid OpenAPI 3.1', async (t) => {
  const document = structuredClone(openApiDocument('1.2.3'));
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document as Record<string, unknown>);
  t.ok(valid, JSON.stringify(errors));
  t.equal(validator.version, '3.1');
  t.doesNotThrow(() => validator.resolveRefs(), 'every reference can be resolved');
});

test('the document describes every route, and no route that does not exist', (t) => {
  const options = {
    log: pino({ level: 'silent' }),
    proxies: new TrustedProxies([]),
    showAddresses: true,
    saved: () => {},
    audit: new AuditTrail(new FakeClock()),
    demandEverything: async () => {},
  };
  const router = createRouter({} as Handlers, options);
  const routes = router.stack.flatMap(({ path, methods }) =>
    methods
      .filter((method) => method !== 'HEAD')
      .map(
        (method) =>
          `${method} ${String(path)
            .slice(API_PATH.length)
            .replace(/:(\w+)/g, '{$1}')}`,
      ),
  );
  const paths = openApiDocument('1.2.3')['paths'] as Record<string, Record<string, unknown>>;
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  t.strictSame([...routes, 'GET /openapi.json'].sort(), documented.sort());
  t.end();
});
