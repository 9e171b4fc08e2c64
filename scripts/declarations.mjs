// The types of the client library as one file that imports nothing: what is public in web/sdk/index.ts, and what that
// refers to. scripts/generate.mjs keeps it beside the sources, so that every change of the public surface is seen.
import ts from 'typescript';

const OPTIONS = {
  declaration: true,
  emitDeclarationOnly: true,
  stripInternal: true,
  allowImportingTsExtensions: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noCheck: true,
};

/** @returns the text of the declarations of an entry file and of everything that they refer to */
export function bundleDeclarations(entry) {
  const emitted = emit(entry);
  const [[, index], ...others] = emitted;
  const known = new Map();
  for (const [name, declaration] of others.flatMap(([, source]) => declarationsIn(source))) {
    if (known.has(name)) throw new Error(`two files of the client library declare ${name}`);
    known.set(name, declaration);
  }
  const exported = exportedNames(index);
  const wanted = new Set();
  const want = (name) => {
    const declaration = known.get(name);
    if (declaration === undefined || wanted.has(name)) return;
    wanted.add(name);
    visitNames(declaration.node, want);
  };
  for (const name of exported) want(name);
  const texts = [...known]
    .filter(([name]) => wanted.has(name))
    .map(([name, { node, source }]) => textOf(node, source, exported.has(name)));
  for (const name of exported) if (!wanted.has(name)) throw new Error(`${name} is exported but declared nowhere`);
  return `${texts.join('\n\n')}\n`;
}

/** The declarations of each file, the entry first. */
function emit(entry) {
  const program = ts.createProgram([entry], OPTIONS);
  const sources = [];
  const { diagnostics } = program.emit(undefined, (name, text) => {
    sources.push([name, ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)]);
  });
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, HOST));
  const isEntry = (name) => name === entry.replace(/\.ts$/, '.d.ts');
  return sources.sort(([a], [b]) => Number(isEntry(b)) - Number(isEntry(a)) || (a < b ? -1 : 1));
}

const HOST = { getCurrentDirectory: () => process.cwd(), getCanonicalFileName: (name) => name, getNewLine: () => '\n' };

function exportedNames(index) {
  return new Set(
    index.statements.flatMap((statement) =>
      statement.exportClause === undefined ? [] : statement.exportClause.elements.map(({ name }) => name.text),
    ),
  );
}

/** What a file declares, by name. */
function declarationsIn(source) {
  return source.statements.flatMap((statement) => named(statement, source));
}

function named(node, source) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return [];
  const names = ts.isVariableStatement(node) ? node.declarationList.declarations.map(({ name }) => name) : [node.name];
  return names.filter((name) => name !== undefined).map(({ text }) => [text, { node, source }]);
}

function visitNames(node, use) {
  if (ts.isIdentifier(node)) use(node.text);
  ts.forEachChild(node, (child) => visitNames(child, use));
}

function textOf(node, source, isPublic) {
  const text = node
    .getText(source)
    .replace(/^export |^declare /g, '')
    .replace(/^declare /, '');
  const comments = ts.getJSDocCommentsAndTags(node).map((comment) => comment.getText(source));
  const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
  return [...comments, `${isPublic ? 'export ' : ''}${isType ? '' : 'declare '}${text}`].join('\n');
}
