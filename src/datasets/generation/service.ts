import { AttuneError } from '../../errors/attune-error.ts';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { ChunkRow, GenerationRow } from '../../storage/schema.ts';
import { DatasetStore } from '../store.ts';
import { datasetHash } from '../ledger.ts';
import type { GenerationEstimate, GenerationProgress, GenerationRequest, QuestionGeneration } from './contract.ts';
import { estimateOf } from './estimate.ts';
import type { SearchPassages } from '../contract.ts';
import type { PassageWriter } from './passage-writer.ts';
import { choosePassages, worthReading } from './passages.ts';
import { executeGeneration } from './run.ts';
import { generationSettings, SEED_KNOB } from './settings.ts';

/** Loads what a method writes with. */
export type OpenWriter = (
  row: GenerationRow,
  search: SearchPassages | undefined,
  report: (stage: string, done: number, total: number) => void,
) => Promise<PassageWriter>;

export interface GenerationDependencies {
  database: AttuneDatabase;
  openWriter: OpenWriter;
}

interface Active {
  controller: AbortController;
  how: 'pause' | 'cancel';
}

const METHOD_NAMES: Record<GenerationRow['method'], string> = {
  writer: 'Questions by the starter model',
  engine: 'Questions by a language model',
  extracted: 'Questions by rules',
};

/** Writing questions over a database; see {@link QuestionGeneration}. */
export class Questions implements QuestionGeneration {
  readonly #dependencies: GenerationDependencies;
  readonly #active = new Map<string, Active>();
  /** Runs that were stopped before their turn came. */
  readonly #unwanted = new Map<string, Active['how']>();

  constructor(dependencies: GenerationDependencies) {
    this.#dependencies = dependencies;
  }

  async estimate(request: GenerationRequest): Promise<GenerationEstimate> {
    const { chosen, worthReading: worth } = await this.#passages(request);
    const earlier = await this.#dependencies.database.generations.toArray();
    return estimateOf(request, chosen, worth, earlier);
  }

  async create(request: GenerationRequest): Promise<GenerationRow> {
    const { workspaceId, method, model, settings } = request;
    const { database } = this.#dependencies;
    if (method === 'engine' && !model) {
      throw new AttuneError('generate/no-model', 'No model was chosen to write the questions.', 'Choose a model.');
    }
    const { chosen } = await this.#passages(request);
    if (chosen.length === 0) {
      throw new AttuneError(
        'generate/no-passages',
        'No passage of these documents is worth a question: they are too short, or say what others said before.',
        'Add documents with running text, or lower the shortest passage.',
      );
    }
    const seed = request.seed ?? SEED_KNOB.default;
    const hosted = model?.engine === 'endpoint' && (await database.endpoints.get(model.modelId))?.model;
    const now = Date.now();
    const datasetId = request.datasetId ?? crypto.randomUUID();
    const row: GenerationRow = {
      id: crypto.randomUUID(),
      workspaceId,
      name: METHOD_NAMES[method],
      datasetId,
      method,
      settings,
      seed,
      state: 'waiting',
      chunkIds: chosen.map(({ id }) => id),
      next: 0,
      drafts: 0,
      kept: 0,
      dropped: {},
      tokens: { prompt: 0, output: 0 },
      seconds: 0,
      generator: '',
      ...(model && { model }),
      ...(hosted && { hosted }),
      createdAt: now,
      updatedAt: now,
    };
    const { datasets, generations } = database;
    await database.transaction('rw', datasets, generations, async () => {
      if (request.datasetId === undefined) {
        await datasets.add({
          id: datasetId,
          workspaceId,
          name: request.name ?? METHOD_NAMES[method],
          source: 'generated from the documents',
          hash: datasetHash([]),
          counts: { train: 0, validation: 0, test: 0 },
          seed,
          createdAt: now,
          updatedAt: now,
        });
      } else await new DatasetStore(database).dataset(datasetId);
      await generations.add(row);
    });
    return row;
  }

  async proceed(
    id: string,
    onProgress?: (progress: GenerationProgress) => void,
    search?: SearchPassages,
  ): Promise<void> {
    const { database, openWriter } = this.#dependencies;
    const active: Active = { controller: new AbortController(), how: 'pause' };
    this.#active.set(id, active);
    const unwanted = this.#unwanted.get(id);
    this.#unwanted.clear();
    if (unwanted) await this.stop(id, unwanted);
    try {
      await executeGeneration(database, id, {
        signal: active.controller.signal,
        stoppedBy: () => active.how,
        openWriter: (row) =>
          openWriter(row, search, (stage, done, total) => onProgress?.({ stage, done, total, kept: row.kept })),
        onProgress,
      });
    } finally {
      this.#active.delete(id);
    }
  }

  async stop(id: string, how: 'pause' | 'cancel'): Promise<void> {
    const active = this.#active.get(id);
    if (!active) {
      this.#unwanted.set(id, how);
      return;
    }
    active.how = how;
    active.controller.abort(new DOMException('The run was stopped.', 'AbortError'));
  }

  async #passages({
    workspaceId,
    method,
    documentIds,
    settings,
    seed = SEED_KNOB.default,
  }: GenerationRequest): Promise<{ chosen: ChunkRow[]; worthReading: number }> {
    const { chunks, documents } = this.#dependencies.database;
    const { passages, shortest } = generationSettings(method, settings);
    const wanted = documentIds && new Set(documentIds);
    const all = await documents.where('workspaceId').equals(workspaceId).sortBy('path');
    const worth: ChunkRow[] = [];
    for (const { id } of all.filter((document) => !wanted || wanted.has(document.id))) {
      const ofDocument = await chunks.where('documentId').equals(id).sortBy('ordinal');
      worth.push(...ofDocument.filter((chunk) => worthReading(chunk, shortest)));
    }
    return { chosen: choosePassages(worth, seed, passages), worthReading: worth.length };
  }
}
