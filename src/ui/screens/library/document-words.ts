import type { DocumentFormat, DocumentRow } from '../../../storage/schema.ts';
import { bytes, plural } from '../../format.ts';

const formats: Record<DocumentFormat, string> = {
  text: 'Text',
  markdown: 'Markdown',
  html: 'Web page',
  pdf: 'PDF',
  docx: 'Word',
  epub: 'E-book',
  csv: 'Table',
  json: 'JSON',
  jsonl: 'JSON lines',
  code: 'Code',
};

export function formatName(format: DocumentFormat): string {
  return formats[format];
}

const languages = new Intl.DisplayNames('en', { type: 'language' });

/** "PDF · 12 pages · 312 passages · English · 1.2 MB". */
export function documentFacts(row: DocumentRow): string[] {
  const facts = [formatName(row.format)];
  if (row.pageCount) facts.push(plural(row.pageCount, 'page'));
  if (row.status === 'ready') facts.push(plural(row.chunkCount, 'passage'));
  if (row.language) facts.push(languages.of(row.language) ?? row.language);
  facts.push(bytes(row.bytes));
  return facts;
}

/** What stands under a name in a list: its title, where it says more than the name, and its folder. */
export function documentPlace({ title, name, folder, format }: DocumentRow): string {
  return [title !== name && title, folder].filter(Boolean).join(' · ') || formatName(format);
}
