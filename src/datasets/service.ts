import { SAMPLE_LICENCE, sampleQuestions } from './samples.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { ExampleRow } from '../storage/schema.ts';
import type {
  ColumnMapping,
  DatasetDiff,
  DatasetFiles,
  DatasetImport,
  DatasetImportOptions,
  DatasetProgress,
  DatasetService,
  Entailment,
  ExampleEdit,
  ExportOptions,
  FromUseOptions,
  FromUseReport,
  ImportPreview,
  LabelledExample,
  MiningOptions,
  MiningReport,
  QualityReport,
  RuleSettings,
  SearchPassages,
  SplitPreview,
  SplitSettings,
} from './contract.ts';
import { exportDataset } from './export/export-dataset.ts';
import { previewDataset } from './formats/preview.ts';
import { readDataset } from './formats/read-dataset.ts';
import { fromChats, fromRecordings } from './from-use.ts';
import { importDataset } from './import-dataset.ts';
import { mineDataset } from './negatives/mine.ts';
import { changeRules, checkDataset } from './quality/check.ts';
import { previewSplit, resplit } from './resplit.ts';
import { addLabelled, editExample, removeExamples, restoreExamples, reviewExamples } from './review.ts';
import { DatasetStore } from './store.ts';
import { bringBack, diffVersions, keepVersion } from './versions.ts';

/** Data sets over a database; see {@link DatasetService}. */
export class Datasets implements DatasetService {
  readonly #store: DatasetStore;
  /** Long work by data set. */
  readonly #running = new Map<string, AbortController>();
  #deciding: Promise<unknown> = Promise.resolve();

  constructor(db: AttuneDatabase) {
    this.#store = new DatasetStore(db);
  }

  preview(files: DatasetFiles, mapping?: ColumnMapping): Promise<ImportPreview> {
    return previewDataset(files, mapping);
  }

  async import(workspaceId: string, files: DatasetFiles, options: DatasetImportOptions = {}): Promise<DatasetImport> {
    return importDataset(this.#store, workspaceId, await readDataset(files, options.mapping), options);
  }

  async importSamples(workspaceId: string): Promise<DatasetImport> {
    const options = { name: 'Questions on the sample documents', licence: SAMPLE_LICENCE };
    return this.import(workspaceId, await sampleQuestions(), options);
  }

  async create(workspaceId: string, name: string): Promise<string> {
    return (await this.#store.create({ workspaceId, name, source: 'made here' }, [])).id;
  }

  async rename(datasetId: string, name: string): Promise<void> {
    await this.#store.db.datasets.update(datasetId, { name, updatedAt: Date.now() });
  }

  async remove(datasetId: string): Promise<void> {
    await this.stop(datasetId);
    const { datasets, examples, datasetVersions, generations } = this.#store.db;
    await this.#store.db.transaction('rw', datasets, examples, datasetVersions, generations, async () => {
      await datasets.delete(datasetId);
      for (const table of [examples, datasetVersions, generations])
        await table.where('datasetId').equals(datasetId).delete();
    });
    this.#store.forget(datasetId);
  }

  check(
    datasetId: string,
    onProgress?: (progress: DatasetProgress) => void,
    search?: SearchPassages,
    entails?: Entailment,
  ): Promise<QualityReport> {
    return this.#long(datasetId, (signal) =>
      checkDataset(this.#store, datasetId, { onProgress, search, entails, signal }),
    );
  }

  /** One after the other: what an earlier change of rules decided must not be stored after a later one. */
  setRules(datasetId: string, rules: RuleSettings): Promise<QualityReport> {
    const decided = this.#deciding.then(() => changeRules(this.#store, datasetId, rules));
    this.#deciding = decided.catch(() => undefined);
    return decided;
  }

  review(exampleIds: string | readonly string[], decision: 'accepted' | 'rejected' | undefined): Promise<void> {
    return reviewExamples(this.#store, typeof exampleIds === 'string' ? [exampleIds] : exampleIds, decision);
  }

  edit(exampleId: string, changes: ExampleEdit): Promise<void> {
    return editExample(this.#store, exampleId, changes);
  }

  restore(rows: readonly ExampleRow[]): Promise<void> {
    return restoreExamples(this.#store, rows);
  }

  addLabelled(datasetId: string, example: LabelledExample): Promise<string> {
    return addLabelled(this.#store, datasetId, example);
  }

  removeExamples(exampleIds: readonly string[]): Promise<void> {
    return removeExamples(this.#store, exampleIds);
  }

  mineNegatives(
    datasetId: string,
    options: MiningOptions = {},
    onProgress?: (progress: DatasetProgress) => void,
    search?: SearchPassages,
  ): Promise<MiningReport> {
    if (!search) throw new Error('Mining needs a search: the client hands in the one of the workspace.');
    return this.#long(datasetId, (signal) =>
      mineDataset(this.#store, datasetId, options, { search, onProgress, signal }),
    );
  }

  previewSplit(datasetId: string, settings: SplitSettings): Promise<SplitPreview> {
    return previewSplit(this.#store, datasetId, settings);
  }

  async resplit(datasetId: string, settings: SplitSettings): Promise<SplitPreview> {
    const preview = await resplit(this.#store, datasetId, settings);
    // What leaks depends on the parts.
    await this.setRules(datasetId, {});
    return preview;
  }

  keepVersion(datasetId: string, note: string): Promise<number> {
    return keepVersion(this.#store, datasetId, note);
  }

  diff(datasetId: string, from: number, to?: number): Promise<DatasetDiff> {
    return diffVersions(this.#store, datasetId, from, to);
  }

  bringBack(datasetId: string, version: number): Promise<void> {
    return bringBack(this.#store, datasetId, version);
  }

  async removeVersion(datasetId: string, version: number): Promise<void> {
    await this.#store.db.datasetVersions.delete(`${datasetId}/${version}`);
  }

  async export(datasetId: string, options: ExportOptions): Promise<File> {
    const { licence } = options;
    if (licence !== undefined) await this.#store.db.datasets.update(datasetId, { licence });
    return exportDataset(this.#store, datasetId, options);
  }

  fromChats(workspaceId: string, options: FromUseOptions = {}): Promise<FromUseReport> {
    return fromChats(this.#store, workspaceId, options);
  }

  fromRecordings(workspaceId: string, options: FromUseOptions = {}): Promise<FromUseReport> {
    return fromRecordings(this.#store, workspaceId, options);
  }

  async stop(datasetId: string): Promise<void> {
    this.#running.get(datasetId)?.abort();
  }

  /** One at a time for a data set: a second one ends the first. */
  async #long<T>(datasetId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.stop(datasetId);
    const controller = new AbortController();
    this.#running.set(datasetId, controller);
    try {
      return await work(controller.signal);
    } finally {
      if (this.#running.get(datasetId) === controller) this.#running.delete(datasetId);
    }
  }
}
