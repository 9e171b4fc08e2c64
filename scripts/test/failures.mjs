import { inspect } from 'node:util';

/** What went wrong in a test file, line by line, with what tap says about it. */
export function failureLines({ assertions, problem }) {
  const lines = [];
  for (const [index, { title, details }] of assertions.entries()) {
    // Its inner failures were printed before.
    if (assertions.slice(0, index).some((inner) => inner.title.startsWith(`${title} > `))) continue;
    lines.push(`  not ok: ${title}`);
    if (details !== null) lines.push(describe(details).replace(/^/gm, '    '));
  }
  if (problem !== null) lines.push(`  ${problem}`);
  return lines;
}

function describe({ at, stack, source, diff, ...others }) {
  const place = at && `at ${at.fileName}:${at.lineNumber}:${at.columnNumber}`;
  const rest = Object.keys(others).length > 0 ? inspect(others, { depth: 8 }) : undefined;
  return [place, diff, rest].filter((part) => part !== undefined).join('\n');
}
