import { SvelteMap } from 'svelte/reactivity';
import type { CompanionFile, CompanionModel, CompanionSystem } from '../../companion/contract.ts';
import { filesOfNobody } from '../../companion/held-there.ts';
import { toProblem, type Problem } from '../../errors/attune-error.ts';
import { database } from '../../storage/database.ts';
import type { NodeRow, RunRow } from '../../storage/schema.ts';
import { LiveQuery } from './live-query.svelte.ts';

/** What a node said of itself. */
export interface NodeFacts {
  system?: CompanionSystem;
  models?: readonly CompanionModel[];
  files?: readonly CompanionFile[];
  problem?: Problem;
}

/** Paired nodes, and the runs whose rows lie on one. */
class Nodes {
  #rows = new LiveQuery<NodeRow[]>(() => database().nodes.toArray(), []);
  #holding = new LiveQuery<RunRow[]>(
    () =>
      database()
        .runs.filter(({ node }) => node?.rows !== undefined)
        .toArray(),
    [],
  );
  #facts = new SvelteMap<string, NodeFacts>();
  #asking = new SvelteMap<string, boolean>();

  get all(): readonly NodeRow[] {
    return this.#rows.current.toSorted((a, b) => a.createdAt - b.createdAt);
  }

  get loaded(): boolean {
    return this.#rows.loaded;
  }

  /** Those that are switched on. */
  get on(): readonly NodeRow[] {
    return this.all.filter(({ enabled }) => enabled);
  }

  /** Runs whose rows lie on a paired node, of all workspaces. Nobody here can look at a forgotten one any more. */
  get holding(): readonly RunRow[] {
    return this.#holding.current.filter(({ node }) => node && !this.isForgotten(node.nodeId));
  }

  /** Files on a node that no run here knows. */
  strangers(id: string): CompanionFile[] {
    // Before the runs are read, all of them look like that.
    if (!this.#holding.loaded) return [];
    const runs = this.#holding.current.filter(({ node }) => node?.nodeId === id);
    return filesOfNobody(this.factsOf(id)?.files ?? [], runs);
  }

  isForgotten(id: string): boolean {
    return this.loaded && !this.#rows.current.some((row) => row.id === id);
  }

  /** What a node last said; undefined: not asked yet. */
  factsOf(id: string): NodeFacts | undefined {
    return this.#facts.get(id);
  }

  isAsking(id: string): boolean {
    return this.#asking.get(id) ?? false;
  }

  /** Asks a node what it is and which models it has; nothing of documents is sent. */
  async ask(id: string): Promise<void> {
    if (this.isAsking(id)) return;
    this.#asking.set(id, true);
    try {
      // Not at start, where the nodes' names are all that is needed.
      const { clientOf } = await import('../../companion/nodes.ts');
      const client = await clientOf(id);
      const [system, models, files] = await Promise.all([client.system(), client.models(), client.files()]);
      this.#facts.set(id, { system, models, files });
    } catch (error) {
      this.#facts.set(id, { problem: toProblem(error) });
    } finally {
      this.#asking.set(id, false);
    }
  }
}

export const nodes = new Nodes();
