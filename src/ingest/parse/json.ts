import type { TextBlock } from '../../storage/schema.ts';
import { documentProblem } from '../problems.ts';
import { decodeText } from './decode-text.ts';
import { DocumentBuilder, type ParsedDocument } from './parsed-document.ts';

/**
 * JSON, printed with one block per element of the outermost array or object, so that a record stays whole.
 *
 * @throws AttuneError `document/corrupt` when it cannot be parsed.
 */
export function parseJson(bytes: Uint8Array, name: string): ParsedDocument {
  const value = parseValue(decodeText(bytes), name);
  const builder = new DocumentBuilder();
  for (const [key, part] of partsOf(value)) {
    const printed = JSON.stringify(part, null, 2);
    builder.add('code', key === undefined ? printed : `${JSON.stringify(key)}: ${printed}`);
  }
  return builder.build();
}

/** JSON Lines: the text stays as it is, one block per line. Lines that do not parse are kept as text. */
export function parseJsonLines(bytes: Uint8Array, name: string): ParsedDocument {
  const text = decodeText(bytes);
  const blocks: TextBlock[] = [];
  let valid = 0;
  for (const match of text.matchAll(/[^\n]+/g)) {
    const line = match[0].trim();
    if (line === '') continue;
    const isValid = isJson(line);
    if (isValid) valid++;
    const start = match.index + match[0].indexOf(line);
    blocks.push({ kind: isValid ? 'code' : 'paragraph', start, end: start + line.length });
  }
  if (blocks.length > 0 && valid === 0) throw documentProblem.corrupt(name, 'no line of it is JSON');
  return { text, blocks };
}

function partsOf(value: unknown): [key: string | undefined, part: unknown][] {
  if (Array.isArray(value)) return value.map((part) => [undefined, part]);
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  return [[undefined, value]];
}

function parseValue(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw documentProblem.corrupt(name, `it is not valid JSON (${(error as Error).message})`, error);
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
