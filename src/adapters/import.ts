import { PEFT_CONFIG, PEFT_WEIGHTS } from '../engine/adapters/peft-config.ts';
import { LINEAR_CONFIG } from '../engine/adapters/linear-adapter.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { readArchive } from '../ingest/archive/zip.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { AdapterRow, TuningTask } from '../storage/schema.ts';
import { CARD, readAdapterFiles, type TunedAdapter } from './adapter-files.ts';

/** Adapters are small; what is larger is a whole model. */
const MAX_BYTES = 2e9;

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
 * @throws AttuneError `adapters/incomplete`, and those of reading: which tensor does not fit and what was expected
 */
export async function readImport(files: readonly File[], model: ModelFiles | undefined): Promise<ImportedAdapter> {
  const { byName, name } = await unpack(files);
  const read = async (wanted: string) => byName.get(wanted);
  if (!byName.has(PEFT_CONFIG) && !byName.has(LINEAR_CONFIG)) {
    throw new AttuneError(
      'adapters/incomplete',
      `${name} holds no ${PEFT_CONFIG}.`,
      `Choose the folder or zip of a PEFT adapter, with ${PEFT_CONFIG} and ${PEFT_WEIGHTS}.`,
    );
  }
  const config = await parse(byName.get(PEFT_CONFIG));
  const card = (await parse(byName.get(CARD))) as Partial<AdapterRow>;
  const task = byName.has(LINEAR_CONFIG) ? 'linear' : taskOf(config, model);
  const tuned = await readAdapterFiles(read, task, model);
  return { task, tuned, card: { ...knownCard(card), name: text(card.name) ?? name } };
}

/** Names without their folders: a zip or a picked folder has one around them. */
async function unpack(files: readonly File[]): Promise<{ byName: Map<string, Blob>; name: string }> {
  const byName = new Map<string, Blob>();
  let name = 'Adapter';
  for (const file of files) {
    if (file.size > MAX_BYTES) {
      throw new AttuneError(
        'adapters/too-large',
        `${file.name} has ${Math.round(file.size / 1e9)} GB, far more than an adapter.`,
        'A whole model is added in Models.',
      );
    }
    const folder = file.webkitRelativePath.split('/').slice(0, -1).at(-1);
    if (/\.zip$/i.test(file.name)) {
      name = file.name.replace(/\.zip$/i, '');
      for await (const entry of readArchive(file, file.name)) {
        const entryName = entry.path.split('/').at(-1)!;
        if (/\.(json|safetensors)$/.test(entryName) && !byName.has(entryName))
          byName.set(entryName, await entry.blob());
      }
    } else {
      if (folder) name = folder;
      byName.set(file.name, file);
    }
  }
  return { byName, name };
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
  const saved = (config['modules_to_save'] as string[] | null | undefined) ?? [];
  return saved.some((module) => /classifier|score/.test(module)) ? 'reranker' : 'embedder';
}

/** Only what is harmless to believe: a card is text that somebody wrote. */
function knownCard(card: Partial<AdapterRow>): Omit<ImportedAdapter['card'], 'name'> {
  const { description, dataLicence, datasetHash, scores, recipe, denseWeight } = card;
  const isRecipe =
    recipe &&
    [recipe.system, recipe.refusal].every((value) => typeof value === 'string') &&
    [recipe.passages, recipe.passageCharacters].every((value) => Number.isInteger(value) && value > 0) &&
    ['boolean', 'undefined'].includes(typeof recipe.reasons);
  return {
    ...(text(description) && { description: text(description) }),
    ...(text(dataLicence) && { dataLicence: text(dataLicence) }),
    ...(text(datasetHash) && { datasetHash: text(datasetHash) }),
    ...(Array.isArray(scores) && {
      scores: scores.filter(({ name, tuned }) => typeof name === 'string' && typeof tuned === 'number'),
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
