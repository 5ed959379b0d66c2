import type { DatasetRow, ExampleRow } from '../../storage/schema.ts';
import type { DatasetProgress, Entailment, QualityReport, RuleSettings, SearchPassages } from '../contract.ts';
import { RULE_KEYS } from '../settings.ts';
import type { DatasetStore } from '../store.ts';
import { applyRules, type Judged, type QualityOptions } from './apply-rules.ts';

export interface CheckParts {
  search?: SearchPassages;
  entails?: Entailment;
  onProgress?: (progress: DatasetProgress) => void;
  signal?: AbortSignal;
}

/**
 * Applies the rules to all rows of a data set and stores what they found. Rows that changed while a search was running
 * keep what a person did to them.
 *
 * @throws DOMException AbortError; then nothing was stored
 */
export async function checkDataset(store: DatasetStore, datasetId: string, parts: CheckParts): Promise<QualityReport> {
  const started = performance.now();
  const dataset = await store.dataset(datasetId);
  const rows = await store.rows(datasetId);
  const judged = await applyRules(rows, optionsOf(dataset, parts));
  return storeFindings(store, datasetId, rows, judged, started);
}

/**
 * Stores settings, in the transaction that reads those of before: one of two quick changes is never lost. Then decides
 * anew, by what was found before where a search or a model would be needed.
 */
export async function changeRules(store: DatasetStore, datasetId: string, rules: RuleSettings): Promise<QualityReport> {
  const started = performance.now();
  await store.change(datasetId, (dataset) => {
    const merged: RuleSettings = { ...dataset.rules };
    for (const [key, settings] of Object.entries(rules)) merged[key] = { ...merged[key], ...settings };
    return { dataset: { rules: merged } };
  });
  const dataset = await store.dataset(datasetId);
  const rows = await store.rows(datasetId);
  const isChecked = rows.some(({ quality }) => quality !== undefined);
  const judged = isChecked ? await applyRules(rows, optionsOf(dataset, {})) : [];
  return storeFindings(store, datasetId, rows, judged, started);
}

function optionsOf({ rules, split }: DatasetRow, parts: CheckParts): QualityOptions {
  return { ...parts, rules, splitBy: (split?.['by'] as string | undefined) ?? 'document' };
}

async function storeFindings(
  store: DatasetStore,
  datasetId: string,
  rows: readonly ExampleRow[],
  judged: readonly Judged[],
  started: number,
  dataset?: Partial<DatasetRow>,
): Promise<QualityReport> {
  const byId = new Map(rows.map((row, i) => [row.id, { row, judged: judged[i] }]));
  let put: ExampleRow[] = [];
  const { counts } = await store.change(datasetId, async () => {
    put = (await store.rows(datasetId)).flatMap((row) => {
      const known = byId.get(row.id);
      // A row that was edited meanwhile is looked at by the next check.
      if (!known?.judged || known.row.editedAt !== row.editedAt) return [];
      const { removedBy: _, ...rest } = row;
      return [{ ...rest, ...known.judged }];
    });
    return { put, ...(dataset && { dataset }) };
  });
  return { rules: countFindings(put), counts, seconds: (performance.now() - started) / 1000 };
}

/** What each rule found, over all rows. */
function countFindings(rows: readonly ExampleRow[]): QualityReport['rules'] {
  const counts = Object.fromEntries(RULE_KEYS.map((key) => [key, { passed: 0, failed: 0, unknown: 0, removed: 0 }]));
  for (const { quality, removedBy, review } of rows) {
    for (const { rule, verdict } of quality?.findings ?? []) {
      const count = counts[rule];
      if (count) count[verdict]++;
    }
    if (removedBy !== undefined && review !== 'accepted' && counts[removedBy]) counts[removedBy].removed++;
  }
  return counts;
}
