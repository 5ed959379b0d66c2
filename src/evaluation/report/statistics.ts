/** How the figures of a report came about, for its readers. */
export const STATISTICS = [
  {
    term: '95 % interval',
    help: 'Percentile bootstrap over the questions, 10,000 resamples: how much other questions of the same kind would change the figure, not what another run of training would.',
  },
  {
    term: 'p (Holm)',
    help: 'Sign-flip permutation test of the paired differences, corrected by Holm’s method for all differences of the same metric in this report.',
  },
  {
    term: 'Question by question',
    help: 'Two combinations are compared on the questions that both were scored on, so that hard questions weigh the same for both.',
  },
] as const;
