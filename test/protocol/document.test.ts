import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import ts from 'typescript';
import { ERRORS } from '../../src/lib/errors.ts';
import * as bounds from '../../src/protocol/bounds.ts';
import { clientMessageSchema } from '../../src/protocol/client-messages.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const document = read('docs/protocol.md');
const examples = [...document.matchAll(/^```json\n(.*?)^```$/gms)].map(([, code = '']) => code).join('');

interface MessageShape {
  readonly type: string;
  readonly fields: readonly string[];
}

/** The members of the union `ServerMessage`, which has no schema because the server only writes it. */
function serverMessages(): MessageShape[] {
  const tree = ts.createSourceFile('', read('src/protocol/messages.ts'), ts.ScriptTarget.Latest, true);
  const union = tree.statements.find(
    (node): node is ts.TypeAliasDeclaration => ts.isTypeAliasDeclaration(node) && node.name.text === 'ServerMessage',
  );
  const shapes: readonly ts.TypeNode[] = union !== undefined && ts.isUnionTypeNode(union.type) ? union.type.types : [];
  return shapes.map(membersOf).map((members) => {
    const fields = members.filter(ts.isPropertySignature);
    const [first] = fields;
    return {
      type: first?.type?.getText().replaceAll("'", '') ?? '',
      fields: fields.map(({ name }) => name.getText()),
    };
  });
}

/** Those of a type, or of an interface that another file of the protocol has. */
function membersOf(node: ts.TypeNode): readonly ts.TypeElement[] {
  if (ts.isTypeLiteralNode(node)) return node.members;
  const name = ts.isTypeReferenceNode(node) ? node.typeName.getText() : '';
  const tree = ts.createSourceFile('', read('src/protocol/recording.ts'), ts.ScriptTarget.Latest, true);
  const found = tree.statements.filter(ts.isInterfaceDeclaration).find((declared) => declared.name.text === name);
  if (found === undefined) throw new Error(`what is ${node.getText()}?`);
  return [...found.members];
}

const clientMessages: readonly MessageShape[] = clientMessageSchema.options.map(({ shape }) => ({
  type: shape.type.value,
  fields: Object.keys(shape),
}));

function describes(t: Test, { type, fields }: MessageShape): void {
  t.ok(examples.includes(`{"type": "${type}"`), `there is an example of ${type}`);
  for (const field of fields)
    t.ok(examples.includes(`"${field}":`) || document.includes(`\`${field}\``), `${field} of ${type} is documented`);
}

test('every message of clients and of the server, with every field, is in the protocol document', async (t) => {
  const ofServer = serverMessages();
  t.ok(ofServer.length > 10 && ofServer.some(({ type }) => type === 'joined'));
  for (const message of [...clientMessages, ...ofServer]) describes(t, message);
});

test('the document names no message that does not exist', async (t) => {
  const known = new Set([...clientMessages, ...serverMessages()].map(({ type }) => type));
  for (const [, type = ''] of examples.matchAll(/"type": "(\w+)"/g)) t.ok(known.has(type), type);
});

test('every error code is in its table', async (t) => {
  for (const code of Object.keys(ERRORS)) t.ok(document.includes(`\n| \`${code}\` |`), code);
});

test('every bound of a string is documented', async (t) => {
  for (const [name, bound] of Object.entries(bounds))
    t.ok(new RegExp(`\\b${bound}\\b`).test(document), `${name}: ${bound}`);
});
