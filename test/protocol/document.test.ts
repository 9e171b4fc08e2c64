import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import ts from 'typescript';
import { ERRORS } from '../../src/lib/errors.ts';
import * as bounds from '../../src/protocol/bounds.ts';
import { clientMessageSchema } from '../../src/protocol/client-messages.ts';
import { mediaSocketMessageSchema } from '../../src/protocol/media-socket.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string) => readFileSync(pathOf(path), 'utf8');
const document = read('docs/protocol.md');
const examples = [...document.matchAll(/^```json\n(.*?)^```$/gms)].map(([, code = '']) => code).join('');

interface MessageShape {
  readonly type: string;
  readonly fields: readonly string[];
}

const FILES = { messages: 'src/protocol/messages.ts', media: 'src/protocol/media-socket-answers.ts' } as const;
const program = ts.createProgram(Object.values(FILES).map(pathOf), {
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
});

/** The members of a union of messages, which has no schema because the server only writes it. */
function serverMessages(path: string, name: string): MessageShape[] {
  const tree = program.getSourceFile(pathOf(path))!;
  const union = tree.statements.find(
    (node): node is ts.TypeAliasDeclaration => ts.isTypeAliasDeclaration(node) && node.name.text === name,
  );
  const checker = program.getTypeChecker();
  const message = checker.getTypeAtLocation(union!.name);
  const shapes = message.isUnion() ? message.types : [];
  return shapes.map((shape) => {
    const type = checker.getTypeOfSymbol(shape.getProperty('type')!);
    const fields = shape.getProperties().map(({ name }) => name);
    return { type: type.isStringLiteral() ? type.value : '', fields };
  });
}

const ofServer = [
  ...serverMessages(FILES.messages, 'ServerMessage'),
  ...serverMessages(FILES.media, 'MediaSocketAnswer'),
];
const clientMessages: readonly MessageShape[] = [
  ...clientMessageSchema.options,
  ...mediaSocketMessageSchema.options,
].map(({ shape }) => ({
  type: shape.type.value,
  fields: Object.keys(shape),
}));

function describes(t: Test, { type, fields }: MessageShape): void {
  t.ok(document.includes(`{"type": "${type}"`), `there is an example of ${type}`);
  for (const field of fields)
    t.ok(examples.includes(`"${field}":`) || document.includes(`\`${field}\``), `${field} of ${type} is documented`);
}

test('every message of clients and of the server, with every field, is in the protocol document', async (t) => {
  t.ok(ofServer.length > 10 && ofServer.some(({ type }) => type === 'joined'));
  for (const message of [...clientMessages, ...ofServer]) describes(t, message);
});

test('the document names no message that does not exist', async (t) => {
  const known = new Set([...clientMessages, ...ofServer].map(({ type }) => type));
  for (const [, type = ''] of examples.matchAll(/"type": "(\w+)"/g)) t.ok(known.has(type), type);
});

test('every error code is in its table', async (t) => {
  for (const code of Object.keys(ERRORS)) t.ok(document.includes(`\n| \`${code}\` |`), code);
});

test('every bound of a string is documented', async (t) => {
  for (const [name, bound] of Object.entries(bounds))
    t.ok(new RegExp(`\\b${bound}\\b`).test(document), `${name}: ${bound}`);
});
