/** Ids of an archive's rows and those that they get here. */
export class NewIds {
  readonly #byOld = new Map<string, string>();

  /** A new id for a row that comes in, always the same one. */
  fresh(oldId: string): string {
    const known = this.#byOld.get(oldId);
    if (known) return known;
    const id = crypto.randomUUID();
    this.#byOld.set(oldId, id);
    return id;
  }

  get(oldId: string): string | undefined {
    return this.#byOld.get(oldId);
  }

  /** What a row points to may have been deleted before the export; then the id means nothing here either. */
  known(oldId: string): string {
    return this.#byOld.get(oldId) ?? oldId;
  }
}
