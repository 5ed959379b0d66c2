import { demoServices } from '../../../demo/client.ts';
import type { DemoOptions, DemoState } from '../../../demo/contract.ts';
import { runDemo } from '../../../demo/loop.ts';
import { ownJobs } from '../../../demo/own-jobs.ts';
import { clearDemo, newDemo, readDemo, writeDemo } from '../../../demo/state.ts';
import { database } from '../../../storage/database.ts';
import { run } from '../../state/errors.svelte.ts';
import { jobList } from '../../state/jobs.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';

/** Demonstrations that this page is going through, by workspace: a screen may come and go meanwhile. */
const going = new Map<string, AbortController>();

/** The demonstration of a workspace: its row as it stands, and what can be done with it. */
export class Demo {
  readonly #workspaceId: string;
  readonly #row: LiveQuery<DemoState | null>;

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
    this.#row = new LiveQuery(async () => (await readDemo(database(), workspaceId)) ?? null, null);
  }

  get loaded(): boolean {
    return this.#row.loaded;
  }
  get row(): DemoState | null {
    return this.#row.current;
  }
  /** The job that is being waited for. */
  readonly job = $derived.by(() => {
    const own = this.row ? ownJobs(this.row) : [];
    const isChecking = this.row?.stage === 'questions';
    return jobList.running.find(
      ({ id, kind, workspaceId }) =>
        own.includes(id) || (isChecking && kind === 'check' && workspaceId === this.#workspaceId),
    );
  });

  async start(options: DemoOptions): Promise<void> {
    await this.#go(newDemo(this.#workspaceId, options));
  }

  /** Goes on where it stopped, failed, or was left by a reload. */
  async resume(): Promise<void> {
    const row = await readDemo(database(), this.#workspaceId);
    if (row && row.state !== 'done') await this.#go(row);
  }

  /** Goes on by itself after a reload. */
  async resumeIfRunning(): Promise<void> {
    if (going.has(this.#workspaceId)) return;
    const row = await readDemo(database(), this.#workspaceId);
    if (row?.state === 'running') await this.#go(row);
  }

  /** Stops waiting and pauses the jobs that were waited for; all that is done is kept. */
  stop(): void {
    const controller = going.get(this.#workspaceId);
    const { row } = this;
    if (controller) controller.abort(new DOMException('The demonstration was stopped.', 'AbortError'));
    else if (row) run(() => setOwnJobs(row, 'running', 'paused'));
  }

  /** Back to the beginning; documents, questions, adapters and scores stay where they are. */
  async clear(): Promise<void> {
    this.stop();
    await clearDemo(database(), this.#workspaceId);
  }

  async #go(state: DemoState): Promise<void> {
    const controller = new AbortController();
    going.set(this.#workspaceId, controller);
    // It may have gone on already while this was still coming to its end.
    const isCurrent = () => going.get(this.#workspaceId) === controller;
    try {
      await writeDemo(database(), state);
      await setOwnJobs(state, 'paused', 'running');
      const ended = await runDemo(state, demoServices(), controller.signal);
      if (ended.state === 'stopped' && isCurrent()) await setOwnJobs(ended, 'running', 'paused');
    } finally {
      if (isCurrent()) going.delete(this.#workspaceId);
    }
  }
}

async function setOwnJobs(demo: DemoState, from: 'paused' | 'running', to: 'paused' | 'running'): Promise<void> {
  for (const job of await database().jobs.bulkGet(ownJobs(demo))) {
    if (job?.state !== from) continue;
    if (to === 'paused') jobList.pause(job.id);
    else jobList.resume(job.id);
  }
}
