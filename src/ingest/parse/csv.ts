import Papa from 'papaparse';
import { decodeText } from './decode-text.ts';
import { DocumentBuilder, type ParsedDocument } from './parsed-document.ts';
import { tableText } from './table-text.ts';

/** CSV and TSV (the delimiter is detected) as one table; the chunker repeats its header for later rows. */
export function parseCsv(bytes: Uint8Array): ParsedDocument {
  const parsed = Papa.parse<string[]>(decodeText(bytes), { skipEmptyLines: 'greedy' });
  const builder = new DocumentBuilder();
  builder.add('table', tableText(parsed.data));
  return builder.build();
}
