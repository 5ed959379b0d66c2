import type { TuningTask, WorkspaceAdapters } from '../../storage/schema.ts';
import { adaptersOf } from '../../storage/workspace-adapters.ts';
import type { AdapterDescription } from '../../adapters/contract.ts';
import { workspaces } from './workspaces.svelte.ts';

/** The model that an adapter changes, which is the key under which a workspace keeps it. */
export type AdapterSlot = keyof WorkspaceAdapters;

export function slotOf(task: TuningTask): AdapterSlot {
  return task === 'linear' ? 'embedder' : task;
}

/** Which adapters the open workspace works with. */
class AdaptersInForce {
  get chosen(): WorkspaceAdapters {
    return adaptersOf(workspaces.current);
  }

  /** Whether an adapter works in the open workspace; the starter that answers does until something else is chosen. */
  isOn({ id, task, purpose }: Pick<AdapterDescription, 'id' | 'task' | 'purpose'>): boolean {
    const chosen = this.chosen[slotOf(task)];
    return chosen === undefined ? purpose === 'answers' : chosen === id;
  }

  /** Puts an adapter in force. A search model's needs an index of its own: a job builds it while the old one answers. */
  async switchOn(task: TuningTask, id: string): Promise<void> {
    await this.#set(slotOf(task), id);
  }

  /** Back to the bare model. */
  async switchOff(slot: AdapterSlot): Promise<void> {
    await this.#set(slot, null);
  }

  async #set(slot: AdapterSlot, id: string | null): Promise<void> {
    const { [slot]: _, ...others } = this.chosen;
    // The generator's null is a choice against the starter adapter; the others have none to be chosen against.
    const next = id === null && slot !== 'generator' ? others : { ...others, [slot]: id };
    await workspaces.setSetting('adapters', next);
  }
}

export const adaptersInForce = new AdaptersInForce();
