/** Whether this tab may write to the open workspace. Another tab that had it first keeps it; this one then reads. */
class Ownership {
  #readOnly = $state(false);

  get readOnly(): boolean {
    return this.#readOnly;
  }

  set(owner: boolean): void {
    this.#readOnly = !owner;
  }
}

export const ownership = new Ownership();
