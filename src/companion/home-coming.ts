import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';
import type { TrainingProgress } from '../training/contract.ts';
import type { NodeClient } from './client.ts';
import { RunRows } from './run-rows.ts';

export interface HomeComingDependencies {
  database: AttuneDatabase;
  /** SHA-256 of a model's weights here, as a node counts it. */
  weightsHash: (modelId: string) => Promise<string>;
  /** Files the adapter that came home. @returns its id */
  keepAdapter: (run: RunRow, zip: File, scores: AdapterScore[]) => Promise<string>;
  /**
   * Chooses the weight of meaning of a search model's adapter, here, where the words are, and files it with the adapter.
   *
   * @throws the signal's reason; whatever else goes wrong leaves the usual weight
   */
  weigh: (run: RunRow, adapterId: string, context: Context) => Promise<void>;
}

interface Context {
  signal: AbortSignal;
  onProgress?: (progress: TrainingProgress) => void;
}

type AdapterScore = { name: string; base: number; tuned: number };

/** How the tuned model of a run comes home from its node, once, however often it is begun. */
export class HomeComing {
  readonly #dependencies: HomeComingDependencies;
  readonly #rows: RunRows;

  constructor(dependencies: HomeComingDependencies) {
    this.#dependencies = dependencies;
    this.#rows = new RunRows(dependencies.database);
  }

  /** The adapter of a run, where it is here already. */
  async adapterOf({ id }: RunRow): Promise<string | undefined> {
    const adapterId = (await this.#rows.get(id))?.adapterId;
    const isHere = adapterId !== undefined && (await this.#dependencies.database.adapters.get(adapterId)) !== undefined;
    return isHere ? adapterId : undefined;
  }

  /**
   * Its files are here, and the row of the run says so, before its weight is chosen: a tab closed meanwhile leaves an
   * adapter that can be used, and the next visit chooses.
   *
   * @param model the node's name of it; @returns the adapter's id
   * @throws AttuneError `companion/*`, those of reading an adapter
   */
  async bring(
    client: NodeClient,
    run: RunRow,
    model: string,
    scores: AdapterScore[],
    context: Context,
  ): Promise<string> {
    const { weightsHash, keepAdapter, weigh } = this.#dependencies;
    let adapterId = await this.adapterOf(run);
    if (adapterId === undefined) {
      const zip = await client.adapter(model, await weightsHash(run.modelId));
      adapterId = await keepAdapter(run, zip, scores);
      await this.#rows.update(run.id, { adapterId });
    }
    if (run.task === 'embedder') await weigh(run, adapterId, context);
    return adapterId;
  }
}
