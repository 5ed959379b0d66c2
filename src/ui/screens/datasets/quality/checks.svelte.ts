import { SvelteMap } from 'svelte/reactivity';
import { datasets } from '../../../../datasets/client.ts';
import type {
  DatasetProgress,
  Entailment,
  MiningOptions,
  MiningReport,
  QualityReport,
} from '../../../../datasets/contract.ts';
import type { JudgeEngine } from '../../../../evaluation/judge/ask.ts';
import { isEntailed } from '../../../../evaluation/judge/entailment.ts';
import { jobs } from '../../../../jobs/client.ts';
import type { JobProgress } from '../../../../jobs/client.ts';
import type { DatasetRow } from '../../../../storage/schema.ts';

/**
 * Checks and mining under way, by data set: they go on while another screen is open, and the tray shows them. One at a
 * time for each data set.
 */
class Checks {
  #running = new SvelteMap<string, DatasetProgress>();

  of(datasetId: string): DatasetProgress | undefined {
    return this.#running.get(datasetId);
  }

  /** @param judge says whether an answer follows where words cannot tell; absent: that stays unknown */
  check(dataset: DatasetRow, judge?: JudgeEngine): Promise<QualityReport> {
    return this.#track(dataset, `Checking ${dataset.name}`, (report, signal) => {
      const entails: Entailment | undefined = judge && ((given) => isEntailed(judge, given, signal));
      return datasets.check(dataset.id, report, undefined, entails);
    });
  }

  mine(dataset: DatasetRow, options: MiningOptions): Promise<MiningReport> {
    const title = `Finding hard negatives for ${dataset.name}`;
    return this.#track(dataset, title, (report) => datasets.mineNegatives(dataset.id, options, report));
  }

  /** Ends what runs on a data set; what it has found is dropped. */
  async stop(datasetId: string): Promise<void> {
    await datasets.stop(datasetId);
  }

  #track<T>(
    { id, workspaceId }: DatasetRow,
    title: string,
    work: (report: (progress: DatasetProgress) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#running.set(id, { stage: 'Starting', done: 0, total: 0 });
    return jobs
      .track({ kind: 'check', workspaceId, title, unit: 'questions' }, (report, signal) => {
        signal.addEventListener('abort', () => void this.stop(id));
        return work((progress) => {
          this.#running.set(id, progress);
          report(jobProgressOf(title, progress));
        }, signal);
      })
      .finally(() => this.#running.delete(id));
  }
}

function jobProgressOf(title: string, { stage, done, total }: DatasetProgress): JobProgress {
  return { done, total, title: `${title}: ${stage.toLowerCase()}` };
}

export const checks = new Checks();
