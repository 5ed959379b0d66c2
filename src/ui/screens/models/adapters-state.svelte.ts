import { SvelteSet } from 'svelte/reactivity';
import { adapters } from '../../../adapters/client.ts';
import type { AdapterDescription, AdapterExport } from '../../../adapters/contract.ts';
import { isAbort, toProblem, type Problem } from '../../../errors/attune-error.ts';
import type { SourceFile } from '../../../ingest/contract.ts';
import { jobs } from '../../../jobs/client.ts';
import { saveFile } from '../../files.ts';
import { report } from '../../state/errors.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';
import { toasts } from '../../state/toasts.svelte.ts';

/** Deleted on the screen, in storage until the ten seconds for an undo are over. */
const leaving = new SvelteSet<string>();

/** Adapters on this machine: starters and those that were trained or imported. */
export class AdaptersState {
  readonly #list = new LiveQuery<AdapterDescription[]>(() => adapters.list(), []);
  #importing = $state(false);
  #importProblem = $state.raw<Problem | null>(null);

  get list(): AdapterDescription[] {
    return this.#list.current.filter(({ id }) => !leaving.has(id));
  }
  get loaded(): boolean {
    return this.#list.loaded;
  }
  get importing(): boolean {
    return this.#importing;
  }
  /** Why the last import was refused: which tensor does not fit. */
  get importProblem(): Problem | null {
    return this.#importProblem;
  }

  /** @returns whether it was taken in; otherwise see {@link importProblem} */
  async import(sources: SourceFile[], modelId: string): Promise<boolean> {
    this.#importing = true;
    this.#importProblem = null;
    try {
      const { name } = await adapters.import(sources, modelId);
      toasts.show({ icon: 'check', message: `${name} is ready to use` });
      return true;
    } catch (error) {
      if (isAbort(error)) return false;
      console.error(error);
      this.#importProblem = toProblem(error);
      return false;
    } finally {
      this.#importing = false;
    }
  }

  forgetProblem(): void {
    this.#importProblem = null;
  }

  rename(id: string, name: string, description: string): Promise<void> {
    return adapters.rename(id, name, description);
  }

  /** Hands an adapter to the person as a file. */
  async export({ id, name }: AdapterDescription, as: AdapterExport): Promise<void> {
    const work = { kind: 'export' as const, workspaceId: null, title: `Exporting ${name}`, unit: 'files' };
    const file = await jobs.track(work, () => adapters.export(id, as));
    saveFile(file.blob, file.name);
  }

  /** Takes an adapter off the screen and, unless it is undone within ten seconds, out of storage. */
  remove({ id, name }: AdapterDescription): void {
    leaving.add(id);
    toasts.undoable(`Deleted ${name}`, {
      undo: () => leaving.delete(id),
      commit: () =>
        void adapters.remove(id).catch((error) => {
          leaving.delete(id);
          report(error);
        }),
    });
  }
}
