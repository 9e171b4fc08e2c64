import { test } from 'tap';
import type { z } from 'zod';
import { clientMessageSchema } from '../../src/protocol/client-messages.ts';
import type { ClientMessageInput } from '../../src/protocol/messages.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

test('the types for clients and the schema of the server agree', async (t) => {
  // These two are checked at compile time.
  const fromClient = (message: ClientMessageInput): z.input<typeof clientMessageSchema> => message;
  const fromSchema = (message: z.input<typeof clientMessageSchema>): Mutable<ClientMessageInput> => message;
  t.equal(fromSchema(fromClient({ type: 'leave' })).type, 'leave');
});

test('omitted fields of a state are left out, not set', async (t) => {
  t.same(clientMessageSchema.parse({ type: 'state', deafened: true, volume: 3 }), { type: 'state', deafened: true });
});
