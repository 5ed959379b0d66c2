import { PEFT_CONFIG } from '../engine/adapters/peft-config.ts';
import { LINEAR_CONFIG } from '../engine/adapters/linear-adapter.ts';
import type { SourceFile } from '../ingest/contract.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { AdapterRow, TuningTask } from '../storage/schema.ts';
import { CARD, readAdapterFiles, type TunedAdapter } from './adapter-files.ts';
import { filesOfAdapter } from './import-folder.ts';

/** What a folder or zip turned out to hold. */
export interface ImportedAdapter {
  task: TuningTask;
  tuned: TunedAdapter;
  /** From its card, where it was exported by this app; else only a name. */
  card: Partial<
    Pick<AdapterRow, 'description' | 'scores' | 'dataLicence' | 'datasetHash' | 'recipe' | 'denseWeight'>
  > & {
    name: string;
  };
}

/**
 * Reads a PEFT folder or zip (trained anywhere) or a linear adapter of this app.
 *
 * @param model that it is for; absent: one behind an endpoint
 * @throws AttuneError those of `filesOfAdapter` and of reading: which tensor does not fit and what was expected
 */
export async function readImport(
  sources: readonly SourceFile[],
  model: ModelFiles | undefined,
): Promise<ImportedAdapter> {
  const { files, name } = await filesOfAdapter(sources);
  const read = async (wanted: string) => files.get(wanted);
  const config = await parse(files.get(PEFT_CONFIG));
  const card = (await parse(files.get(CARD))) as Partial<AdapterRow>;
  const task = files.has(LINEAR_CONFIG) ? 'linear' : taskOf(config, model);
  const tuned = await readAdapterFiles(read, task, model);
  return { task, tuned, card: { ...knownCard(card), name: text(card.name) ?? name } };
}

/** PEFT says what class it wrapped; where it does not, the base model does. */
function taskOf(config: Record<string, unknown>, model: ModelFiles | undefined): TuningTask {
  switch (config['task_type']) {
    case 'SEQ_CLS':
      return 'reranker';
    case 'CAUSAL_LM':
      return 'generator';
    case 'FEATURE_EXTRACTION':
      return 'embedder';
  }
  if (model?.description.role === 'generator') return 'generator';
  const saved = config['modules_to_save'];
  const hasHead = Array.isArray(saved) && saved.some((module) => /classifier|score/.test(String(module)));
  return hasHead ? 'reranker' : 'embedder';
}

/** Only what is harmless to believe: a card is text that somebody wrote. */
function knownCard(card: Partial<AdapterRow>): Omit<ImportedAdapter['card'], 'name'> {
  const { description, dataLicence, datasetHash, scores, recipe, denseWeight } = card;
  const isRecipe =
    recipe &&
    [recipe.system, recipe.refusal].every((value) => typeof value === 'string') &&
    [recipe.passages, recipe.passageCharacters].every(Number.isInteger) &&
    recipe.passages >= 0 &&
    recipe.passageCharacters > 0 &&
    ['boolean', 'undefined'].includes(typeof recipe.reasons);
  return {
    ...(text(description) && { description: text(description) }),
    ...(text(dataLicence) && { dataLicence: text(dataLicence) }),
    ...(text(datasetHash) && { datasetHash: text(datasetHash) }),
    ...(Array.isArray(scores) && {
      scores: scores.filter((score) => typeof score?.name === 'string' && typeof score.tuned === 'number'),
    }),
    ...(isRecipe && { recipe }),
    ...(typeof denseWeight === 'number' && denseWeight >= 0 && denseWeight <= 1 && { denseWeight }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.slice(0, 2000) : undefined;
}

async function parse(file: Blob | undefined): Promise<Record<string, unknown>> {
  if (!file) return {};
  try {
    const value: unknown = JSON.parse(await file.text());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // The reader of the adapter says what is wrong with its configuration; a broken card is none.
    return {};
  }
}
