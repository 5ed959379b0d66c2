import Papa from 'papaparse';
import { isObject } from './is-object.ts';
import { recordsOf, unreadable, type NumberedRecord } from './records.ts';
import type { SourceText } from './sources.ts';

/** Whether files are laid out as the collections of BEIR (Thakur et al. 2021). */
export function isBeir(texts: readonly SourceText[]): boolean {
  const has = (name: RegExp) => texts.some(({ path }) => name.test(path));
  return has(/(^|\/)corpus\.jsonl$/) && has(/(^|\/)queries\.jsonl$/) && has(/(^|\/)qrels\/[^/]+\.tsv$/);
}

/**
 * A row for each pair of a query and a document judged relevant. Parts are those of the files of judgements; row numbers
 * are theirs too. There are no answers.
 *
 * @throws AttuneError `datasets/unreadable`
 */
export function beirRecords(texts: readonly SourceText[]): NumberedRecord[] {
  const documents = byId(texts, /(^|\/)corpus\.jsonl$/);
  const queries = byId(texts, /(^|\/)queries\.jsonl$/);
  return texts.flatMap(({ path, text }) => {
    const part = /(?:^|\/)qrels\/([^/]+)\.tsv$/.exec(path)?.[1];
    return part === undefined ? [] : judgements(path, text, part, documents, queries);
  });
}

function judgements(
  path: string,
  text: string,
  part: string,
  documents: ReadonlyMap<string, Record<string, unknown>>,
  queries: ReadonlyMap<string, Record<string, unknown>>,
): NumberedRecord[] {
  const split = ['train', 'dev', 'validation', 'test'].includes(part) ? part : undefined;
  const { data } = Papa.parse<string[]>(text, { delimiter: '\t', skipEmptyLines: 'greedy' });
  const isHeader = data[0]?.[0]?.includes('query') ?? false;
  if (data.every((cells) => cells.length < 2)) throw unreadable(path, 'holds no judgements');
  // TREC's layout has an iteration between query and document.
  const columns = (cells: string[]) => (cells.length > 3 ? [cells[0]!, cells[2]!, cells[3]!] : cells);
  return data.slice(isHeader ? 1 : 0).flatMap((cells, i): NumberedRecord[] => {
    const [query = '', document = '', score = '1'] = columns(cells);
    if (Number(score) <= 0) return [];
    const passage = documents.get(document);
    return [
      {
        row: i + 1,
        record: {
          question: queries.get(query)?.['text'],
          passage: passage?.['text'],
          headings: passage?.['title'] || undefined,
          document,
          split,
        },
      },
    ];
  });
}

function byId(texts: readonly SourceText[], name: RegExp): Map<string, Record<string, unknown>> {
  const { path, text } = texts.find((source) => name.test(source.path))!;
  const rows = recordsOf(path, text).flatMap(({ record }) => (isObject(record) ? [record] : []));
  return new Map(rows.map((row) => [String(row['_id'] ?? row['id']), row]));
}
