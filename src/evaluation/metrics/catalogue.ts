/** What a metric looks at. A metric is absent from a row of scores where one of its needs is not there. */
export type MetricNeed = 'passages' | 'answer' | 'reference' | 'vectors' | 'judge' | 'unanswerable';

export interface MetricDescription {
  /** Of {@link EvaluationScoreRow.scores}; `recall@5` is described by `recall` with `k` 5. */
  key: string;
  /** In plain words. */
  label: string;
  /** As the field calls it. */
  term: string;
  /** One line: what a value means. */
  help: string;
  group: 'retrieval' | 'answer' | 'judge' | 'effort';
  /** Smallest and largest value; null: no bound. */
  range: readonly [number, number | null];
  better: 'higher' | 'lower' | 'neither';
  unit: 'share' | 'seconds' | 'tokens' | 'words' | 'tokens/s' | 'MB';
  needs: readonly MetricNeed[];
}

type Entry = Omit<MetricDescription, 'range' | 'better' | 'unit'> &
  Partial<Pick<MetricDescription, 'range' | 'better' | 'unit'>>;

const PASSAGES = ['passages', 'reference'] as const;
const ANSWER = ['answer', 'reference'] as const;

/** In the order in which tables show them. `{k}` stands for the number after '@'. */
const ENTRIES: readonly Entry[] = [
  retrieval(
    'hit@',
    'A right passage in the top {k}',
    'Hit rate@{k}',
    'Share of questions with at least one right passage among the first {k}.',
  ),
  retrieval(
    'recall@',
    'Right passages found in the top {k}',
    'Recall@{k}',
    'Share of the right passages that stand among the first {k}.',
  ),
  retrieval(
    'contextRecall@',
    'All needed passages in the top {k}',
    'Context recall@{k}',
    'Share of questions for which every needed passage stands among the first {k}.',
  ),
  retrieval(
    'precision@',
    'Right passages among the top {k}',
    'Precision@{k}',
    'Share of the first {k} passages that are right; with one right passage it cannot exceed 1/{k}.',
  ),
  retrieval(
    'mrr',
    'How high the first right passage stands',
    'MRR',
    'One over the place of the first right passage: 1 at the top, 0.5 at the second place, 0 when not found.',
  ),
  retrieval(
    'ndcg@',
    'Quality of the order of the top {k}',
    'nDCG@{k}',
    'Right passages count the more, the higher they stand; 1 is the best possible order.',
  ),
  retrieval(
    'map',
    'Precision at every right passage',
    'MAP',
    'Mean of the precision at the place of each right passage; missing ones count 0.',
  ),
  answer(
    'exactMatch',
    'Answers that match to the word',
    'Exact match',
    'Equal to a reference answer but for case, articles, punctuation and citations.',
  ),
  answer(
    'tokenF1',
    'Words shared with the right answer',
    'Token F1',
    'Words in common with the nearest reference answer, counting missing and surplus words alike.',
  ),
  answer(
    'rouge1',
    'Single words shared with the right answer',
    'ROUGE-1',
    'F-measure of single words in common with the reference answer.',
  ),
  answer(
    'rouge2',
    'Word pairs shared with the right answer',
    'ROUGE-2',
    'F-measure of pairs of adjacent words in common with the reference answer.',
  ),
  answer(
    'rougeL',
    'Order of words shared with the right answer',
    'ROUGE-L',
    'F-measure of the longest sequence of words that both have in the same order.',
  ),
  answer(
    'bleu',
    'Phrases of the answer that are in the right one',
    'Sentence BLEU',
    'Share of one to four words in a row that the reference has too; short answers are marked down. The mean over answers, which is not the BLEU of a whole corpus that papers give.',
  ),
  answer(
    'chrf',
    'Letter sequences shared with the right answer',
    'chrF',
    'F-measure of sequences of up to six letters: fair to inflected words and small spelling differences.',
  ),
  {
    ...answer(
      'similarity',
      'Closeness in meaning to the right answer',
      'Embedding similarity',
      'Cosine between the embeddings of answer and reference; unrelated texts are seldom at 0.',
    ),
    range: [-1, 1],
    needs: [...ANSWER, 'vectors'],
  },
  {
    ...answer(
      'ngramOverlap',
      'Wording taken from the passages',
      'N-gram overlap',
      'Share of the word pairs of the answer that stand in the passages shown: low values hint at invention.',
    ),
    needs: ['answer', 'passages'],
    better: 'neither',
  },
  {
    ...answer(
      'citationPrecision',
      'Citations that point to a right passage',
      'Citation precision',
      'Share of the cited passages that are right.',
    ),
    needs: ['answer', ...PASSAGES],
  },
  {
    ...answer(
      'citationRecall',
      'Right passages that are cited',
      'Citation recall',
      'Share of the right passages shown to the model that its answer cites.',
    ),
    needs: ['answer', ...PASSAGES],
  },
  {
    ...answer(
      'refusalAccuracy',
      'Unanswerable questions that are declined',
      'Refusal accuracy',
      'Share of the questions without an answer in the documents where the model said so.',
    ),
    needs: ['answer', 'unanswerable'],
  },
  {
    ...answer(
      'falseRefusal',
      'Answerable questions that are declined',
      'False refusals',
      'Share of the questions with an answer in the documents where the model gave none.',
    ),
    better: 'lower',
  },
  {
    ...answer(
      'answerWords',
      'Length of the answer',
      'Length in words',
      'Words of the answer; neither long nor short is good by itself.',
    ),
    needs: ['answer'],
    range: [0, null],
    better: 'neither',
    unit: 'words',
  },
  judged(
    'correctness',
    'Says what the right answer says',
    'Answer correctness',
    'The judge compares the statements of answer and reference.',
    ['answer', 'reference', 'judge'],
  ),
  judged(
    'faithfulness',
    'Backed by the passages',
    'Faithfulness',
    'Share of the statements of the answer that the judge finds in the passages.',
    ['answer', 'passages', 'judge'],
  ),
  judged(
    'answerRelevance',
    'Answers what was asked',
    'Answer relevance',
    'How directly and completely the answer addresses the question, true or not.',
    ['answer', 'judge'],
  ),
  judged(
    'contextRelevance',
    'Passages that help',
    'Context relevance',
    'Share of the passages that the judge needs to answer the question.',
    ['passages', 'judge'],
  ),
  effort(
    'seconds',
    'Time per question',
    'Latency',
    'Seconds from the question to the end of the answer.',
    'seconds',
    'lower',
  ),
  effort('tokensPerSecond', 'Writing speed', 'Tokens/s', 'Tokens of the answer per second.', 'tokens/s', 'higher'),
  effort(
    'promptTokens',
    'Text read per question',
    'Prompt tokens',
    'Tokens of question, passages and instructions.',
    'tokens',
    'lower',
  ),
  effort('outputTokens', 'Text written per question', 'Output tokens', 'Tokens of the answer.', 'tokens', 'neither'),
  effort('memory', 'Memory of the models', 'Memory', 'Megabytes held by weights and cache.', 'MB', 'lower'),
];

const BY_KEY = new Map(ENTRIES.map((entry) => [entry.key, entry]));
const ORDER = new Map(ENTRIES.map((entry, place) => [entry.key, place]));

/** What a key of a row of scores means; undefined for one that the catalogue does not know. */
export function describeMetric(key: string): MetricDescription | undefined {
  const { name, k } = partsOf(key);
  const entry = BY_KEY.get(name);
  if (!entry) return undefined;
  const fill = (text: string) => (k === 1 ? oneIn(text) : text).replaceAll('{k}', String(k));
  return {
    range: [0, 1],
    better: 'higher',
    unit: 'share',
    ...entry,
    key,
    label: fill(entry.label),
    term: fill(entry.term),
    help: fill(entry.help),
  };
}

/** Keys in the order of the catalogue, smaller `k` first; unknown ones at the end, by name. */
export function inCatalogueOrder(keys: Iterable<string>): string[] {
  const place = (key: string) => ORDER.get(partsOf(key).name) ?? ENTRIES.length;
  return [...new Set(keys)].sort(
    (a, b) => place(a) - place(b) || partsOf(a).k - partsOf(b).k || (a < b ? -1 : Number(a > b)),
  );
}

/** "among the first 1" is no English. */
function oneIn(text: string): string {
  return text.replace('among the first {k}', 'at the first place').replace(/(?:in|among) the top \{k\}/, 'at the top');
}

/** `recall@5` -> `recall@`, 5; `mrr` -> `mrr`, 0. */
function partsOf(key: string): { name: string; k: number } {
  const [, name, k] = /^(.*@)([1-9]\d*)$/.exec(key) ?? [];
  return name ? { name, k: Number(k) } : { name: key, k: 0 };
}

function retrieval(key: string, label: string, term: string, help: string): Entry {
  return { key, label, term, help, group: 'retrieval', needs: PASSAGES };
}

function answer(key: string, label: string, term: string, help: string): Entry {
  return { key, label, term, help, group: 'answer', needs: ANSWER };
}

function judged(key: string, label: string, term: string, help: string, needs: readonly MetricNeed[]): Entry {
  return { key, label, term, help, group: 'judge', needs };
}

function effort(
  key: string,
  label: string,
  term: string,
  help: string,
  unit: MetricDescription['unit'],
  better: MetricDescription['better'],
): Entry {
  return { key, label, term, help, group: 'effort', needs: ['answer'], range: [0, null], unit, better };
}
