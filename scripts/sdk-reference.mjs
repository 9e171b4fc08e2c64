// The reference of the client library in Markdown, from its declarations and their docstrings.
import ts from 'typescript';

const HEAD = `# Reference of the client library

Written by \`scripts/generate.mjs\` from the docstrings in \`web/sdk\`. For an introduction see [sdk.md](sdk.md).
`;

/** @param declarations the text that \`bundleDeclarations\` returns */
export function referenceOf(declarations) {
  const source = ts.createSourceFile('client.d.ts', declarations, ts.ScriptTarget.Latest, true);
  const isExported = (node) => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
  const isClass = (node) => ts.isClassDeclaration(node);
  const all = source.statements.filter(isExported);
  const sections = [
    ['Classes', all.filter(isClass)],
    ['Functions', all.filter(ts.isFunctionDeclaration)],
    ['Types', all.filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))],
  ];
  return `${[HEAD, ...sections.flatMap(([title, nodes]) => [`## ${title}\n`, ...nodes.map((node) => entryOf(node, source))])].join('\n').trimEnd()}\n`;
}

function entryOf(node, source) {
  const rows = (node.members ?? []).filter((member) => member.name?.kind !== ts.SyntaxKind.PrivateIdentifier);
  const shape = node.members === undefined || rows.length === 0 ? ['', '```ts', codeOf(node, source), '```'] : [];
  const inherited = (node.heritageClauses ?? []).map((clause) =>
    `It ${clause.getText(source)}.`.replaceAll('<', '\\<'),
  );
  return [
    `### ${node.name.text}`,
    '',
    ...[docOf(node, source), ...inherited].filter((text) => text !== ''),
    ...shape,
    ...(rows.length > 0 ? ['', ...rows.map((member) => memberOf(member, source))] : []),
    '',
  ].join('\n');
}

function memberOf(member, source) {
  const doc = docOf(member, source).replaceAll(/\s*\n\s*/g, ' ');
  return `- \`${codeOf(member, source).replaceAll(/\s+/g, ' ').replace(/;$/, '')}\`${doc === '' ? '' : `<br>${doc}`}`;
}

function codeOf(node, source) {
  return node.getText(source).replace(/^export (?:declare )?/, '');
}

/** The text of the docstring, as its author broke the lines. */
function docOf(node, source) {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return docs
    .map((doc) =>
      doc
        .getText(source)
        .replace(/^\/\*\*|\*\/$/g, '')
        .replace(/^\s*\* ?/gm, '')
        .trim(),
    )
    .join('\n')
    .replaceAll(/^@param (\w+) /gm, '`$1`: ');
}
