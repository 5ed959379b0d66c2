/** A failure of the set-up that a person can do something about: what happened, and the way out. */
export class SetupProblem extends Error {
  /**
   * @param {string} message what happened, to which thing
   * @param {string} wayOut what to do about it
   */
  constructor(message, wayOut) {
    super(message);
    this.name = 'SetupProblem';
    this.wayOut = wayOut;
  }
}
