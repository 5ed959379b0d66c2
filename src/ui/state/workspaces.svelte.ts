import { SvelteSet } from 'svelte/reactivity';
import { database } from '../../storage/database.ts';
import type { WorkspaceRow } from '../../storage/schema.ts';
import { createWorkspace } from '../../workspaces/client.ts';
import { LiveQuery } from './live-query.svelte.ts';

const LAST_WORKSPACE = 'lastWorkspace';

/** The workspaces and the one that is open in this tab. */
class Workspaces {
  #id = $state('');
  #leaving = new SvelteSet<string>();
  #rows = new LiveQuery<WorkspaceRow[]>(() => database().workspaces.orderBy('name').toArray(), []);

  /** Opens the workspace of last time; makes the first one on a fresh machine. Awaited before the first screen. */
  async open(): Promise<void> {
    const db = database();
    // One transaction: two tabs that start together must not both make a first workspace.
    const id = await db.transaction('rw', db.workspaces, db.settings, async () => {
      const last = (await db.settings.get(LAST_WORKSPACE))?.value;
      const known = typeof last === 'string' ? await db.workspaces.get(last) : undefined;
      const row = known ?? (await db.workspaces.orderBy('updatedAt').last());
      if (row) return row.id;
      const now = Date.now();
      const fresh = { id: crypto.randomUUID(), name: 'My documents', createdAt: now, updatedAt: now, settings: {} };
      await db.workspaces.add(fresh);
      return fresh.id;
    });
    await this.select(id);
  }

  /** Id of the open workspace; '' only before {@link open}. */
  get id(): string {
    return this.#id;
  }

  /** The open workspace's row; undefined while it loads. */
  get current(): WorkspaceRow | undefined {
    return this.#rows.current.find((row) => row.id === this.#id);
  }

  /** By name; without those that are being deleted. */
  get list(): readonly WorkspaceRow[] {
    return this.#rows.current.filter((row) => !this.#leaving.has(row.id));
  }

  /** Takes a workspace off the lists while its deletion can be undone, and opens another one in its place. */
  async hide(id: string): Promise<void> {
    this.#leaving.add(id);
    if (id !== this.#id) return;
    const next = this.list.toSorted((a, b) => b.updatedAt - a.updatedAt)[0];
    if (next) await this.select(next.id);
    else await this.create('My documents');
  }

  /** Puts a hidden workspace back and opens it. */
  async unhide(id: string): Promise<void> {
    this.#leaving.delete(id);
    await this.select(id);
  }

  /** Makes an empty workspace and opens it. */
  async create(name: string): Promise<void> {
    await this.select((await createWorkspace(name)).id);
  }

  /** Keeps an override of a knob for the open workspace; undefined goes back to the default. */
  async setSetting(key: string, value: unknown): Promise<void> {
    const plain = $state.snapshot(value);
    await database()
      .workspaces.where('id')
      .equals(this.#id)
      .modify((row) => {
        if (plain === undefined) delete row.settings[key];
        else row.settings[key] = plain;
        row.updatedAt = Date.now();
      });
  }

  async select(id: string): Promise<void> {
    this.#id = id;
    await database().settings.put({ key: LAST_WORKSPACE, value: id });
  }
}

export const workspaces = new Workspaces();
