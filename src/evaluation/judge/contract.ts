/** What a judge can be asked about an answer; definitions after RAGAS (Es et al. 2023). */
export type JudgeAspect = 'correctness' | 'faithfulness' | 'answerRelevance' | 'contextRelevance';

export interface JudgeQuestion {
  question: string;
  answer: string;
  /** The right answer; without it correctness is not asked for. '' where the right answer is that there is none. */
  reference?: string;
  /** What the answer was written from, best first; without them faithfulness and context relevance are not asked for. */
  passages?: readonly string[];
}

/** What the judge said. An aspect on which it said nothing valid, twice, is absent from `scores` and named in `unknown`. */
export interface JudgeResult {
  /** By aspect, in [0, 1]. */
  scores: Partial<Record<JudgeAspect, number>>;
  reasons: Partial<Record<JudgeAspect, string>>;
  unknown: JudgeAspect[];
  promptVersion: string;
  tokens: { prompt: number; output: number };
}

/** A preference that was asked both ways round; a judge that changes its mind with the order has none. */
export interface JudgedPreference {
  winner: 'first' | 'second' | 'tie' | 'unknown';
  reason: string;
  /** Whether both orders led to the same choice. */
  consistent: boolean;
  promptVersion: string;
  tokens: { prompt: number; output: number };
}
