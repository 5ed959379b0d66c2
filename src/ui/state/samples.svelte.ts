import { loadSamples } from '../../workspaces/samples.ts';
import { database } from '../../storage/database.ts';
import { addSources } from './adding.ts';
import { LiveQuery } from './live-query.svelte.ts';
import { untilRead } from './until-read.ts';

interface SampleIndex {
  files: string[];
  questions: string[];
}

/** The built-in documents that a newcomer asks the first question about. */
class Samples {
  #adding = $state(false);
  #index = $state.raw<SampleIndex>({ files: [], questions: [] });
  #there = new Map<string, LiveQuery<number>>();

  get adding(): boolean {
    return this.#adding;
  }

  /** Reads what the samples are; called once at start. Without them nothing is suggested. */
  async describe(): Promise<void> {
    const response = await fetch(`${import.meta.env.BASE_URL}samples/index.json`);
    // A server that answers unknown paths with the app itself would say 200.
    const isJson = response.headers.get('content-type')?.includes('json');
    if (response.ok && isJson) this.#index = (await response.json()) as SampleIndex;
  }

  /** Adds the sample documents to the open workspace. */
  async add(): Promise<void> {
    this.#adding = true;
    try {
      await addSources(await loadSamples());
    } finally {
      this.#adding = false;
    }
  }

  /** Adds the sample documents and resolves when they are read, or when reading them was paused or has failed. */
  async addAndRead(workspaceId: string): Promise<void> {
    await this.add();
    await untilRead(workspaceId);
  }

  /** Questions that the samples answer, once some of them are in the workspace; empty for other documents. */
  questionsFor(workspaceId: string): string[] {
    const { files, questions } = this.#index;
    if (files.length === 0) return [];
    let there = this.#there.get(workspaceId);
    if (!there) {
      const paths = files.map((path) => [workspaceId, path]);
      there = new LiveQuery(() => database().documents.where('[workspaceId+path]').anyOf(paths).count(), 0);
      this.#there.set(workspaceId, there);
    }
    return there.current > 0 ? questions : [];
  }
}

export const samples = new Samples();
