import { Validator } from '@seriousme/openapi-schema-validator';
import { test } from 'tap';
import { openApiDocument } from '../../../src/admin/api/openapi.ts';

test('the document is valid OpenAPI 3.1', async (t) => {
  const document = structuredClone(openApiDocument('1.2.3'));
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document as Record<string, unknown>);
  t.ok(valid, JSON.stringify(errors));
  t.equal(validator.version, '3.1');
  t.doesNotThrow(() => validator.resolveRefs(), 'every reference leads somewhere');
});
