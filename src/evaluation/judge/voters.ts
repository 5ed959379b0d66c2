/** {@link VoteRow.by} of the person at the screen. */
export const USER = 'user';

/** {@link VoteRow.by} of a judge: its name, which must not be the person's, whatever a server calls its model. */
export function judgeVoter(name: string): string {
  return name === USER ? `${name} (model)` : name;
}
