import { splitValues } from '../../../src/datasets/settings.ts';
import { dealGroups } from '../../../src/datasets/split.ts';
import { applyRules } from '../../../src/datasets/quality/apply-rules.ts';
import { inUse } from '../../../src/datasets/in-use.ts';
import { readable } from '../../../src/datasets/generation/readable.ts';
import { draftProblem, isAlike } from '../../../src/datasets/generation/writer/checks.ts';
import { valueOfDraft, writtenQuestion } from '../../../src/datasets/generation/writer/question-writer.ts';
import { analyzerFor } from '../../../src/retrieval/lexical/analyzer.ts';
import { passageText } from '../../../src/retrieval/passage-text.ts';
import { mineNegatives } from '../../../src/training/negatives.ts';
import type { DatasetSplit, ExampleRow } from '../../../src/storage/schema.ts';
import type { Corpus } from './corpora.ts';
import type { Ranker } from './ranker.ts';
import type { PassageDrafts } from './write-drafts.ts';

export interface RowOptions {
  seed: number;
  /** Questions kept of a passage. */
  perPassage: number;
  /** Places among which the search must find the passage. */
  topK: number;
  /** Share of questions for validation. */
  validationShare: number;
  /** What a question loses, in nats of its likelihood, if all its words stand in its passage. */
  copyCost: number;
}

/** Rows of a data set made of drafts by the product's own checks and rules, and what became of the drafts. */
export async function rowsOf(
  corpus: Corpus,
  written: readonly PassageDrafts[],
  base: Ranker,
  { seed, perPassage, topK, validationShare, copyCost }: RowOptions,
): Promise<{ rows: ExampleRow[]; dropped: Record<string, number> }> {
  const dropped: Record<string, number> = {};
  const drop = (reason: string) => (dropped[reason] = (dropped[reason] ?? 0) + 1);
  const sound = written.flatMap(({ passage, drafts }) =>
    drafts.flatMap((draft) => {
      const problem = draftProblem(draft);
      if (problem) drop(problem);
      return problem ? [] : [{ passage, draft }];
    }),
  );
  const found = await base.rank(
    sound.map(({ draft }) => draft.question),
    'hybrid',
    topK,
  );
  const ranked = sound.flatMap((item, i) => {
    const rank = found[i]!.indexOf(item.passage) + 1;
    if (rank === 0) drop('does not find its passage');
    if (rank === 0) return [];
    const draft = { ...item.draft, rank };
    const copied = copiedShare(draft.question, passageText(corpus.passages[item.passage]!.chunk));
    return [{ passage: item.passage, draft, value: valueOfDraft(draft) - copyCost * copied }];
  });
  const parts = partsOf(
    corpus,
    ranked.map(({ passage }) => passage),
    seed,
    validationShare,
  );
  const rows: ExampleRow[] = [];
  const byPassage = new Map<number, typeof ranked>();
  for (const item of ranked) byPassage.set(item.passage, [...(byPassage.get(item.passage) ?? []), item]);
  for (const group of byPassage.values()) {
    const kept: string[] = [];
    for (const { passage, draft } of group.sort((a, b) => b.value - a.value)) {
      if (kept.length === perPassage) break;
      if (isAlike(draft.question, kept)) {
        drop('asked before');
        continue;
      }
      kept.push(draft.question);
      const { chunk, documentKey } = corpus.passages[passage]!;
      rows.push({
        ...writtenQuestion(draft, readable(chunk.text), chunk.text),
        id: `${passage}/${kept.length}`,
        datasetId: 'synthetic',
        workspaceId: 'synthetic',
        ordinal: rows.length,
        split: parts.get(passage)!,
        passage: chunk.text,
        headings: chunk.headings,
        documentKey,
        chunkId: chunk.id,
        negatives: [],
        provenance: { origin: 'writer', seed },
      });
    }
  }
  const search = async (questions: readonly string[], limit: number) =>
    (await base.rank(questions, 'hybrid', limit)).map((ids) =>
      ids.map((i) => {
        const { chunk, documentKey } = corpus.passages[i]!;
        return { chunkId: chunk.id, documentKey, headings: chunk.headings, text: chunk.text };
      }),
    );
  const judged = await applyRules(rows, { search, rules: { roundTrip: { topK } } });
  judged.forEach(({ removedBy }) => removedBy && drop(`rule ${removedBy}`));
  return { rows: rows.map((row, i) => ({ ...row, ...judged[i] })).filter(inUse), dropped };
}

/** Share of a question's words, but for stop words, that stand in its passage in some form. */
export function copiedShare(question: string, passage: string): number {
  const analyzer = analyzerFor('en');
  const there = new Set(analyzer.words(passage).map(({ term }) => term));
  const asked = analyzer.queryWords(question);
  return asked.filter(({ term }) => there.has(term)).length / asked.length;
}

/**
 * Gives training rows hard negatives out of the whole corpus but the documents of the validation part, as the product
 * mines them: the nearest passages that do not answer, by the untuned search model.
 */
export async function withNegatives(
  corpus: Corpus,
  rows: readonly ExampleRow[],
  base: Ranker,
  count: number,
  seed: number,
): Promise<ExampleRow[]> {
  const validated = new Set(rows.filter(({ split }) => split === 'validation').map(({ documentKey }) => documentKey));
  const train = rows.filter(({ split }) => split === 'train');
  const allowed = corpus.passages.flatMap(({ documentKey }, i) => (validated.has(documentKey) ? [] : [i]));
  const { pool, queries, width } = await base.vectors(train.map(({ question }) => question));
  const poolVectors = new Float32Array(allowed.length * width);
  allowed.forEach((passage, i) => poolVectors.set(pool.subarray(passage * width, (passage + 1) * width), i * width));
  const mined = mineNegatives({
    examples: train,
    pool: allowed.map((passage) => {
      const { chunk, documentKey } = corpus.passages[passage]!;
      return { text: chunk.text, headings: chunk.headings, documentKey };
    }),
    queryVectors: queries,
    poolVectors,
    dimensions: width,
    count,
    margin: 0.95,
    seed,
  });
  // With their headings, as the right passage has its own: else the form alone would tell them apart.
  const negatives = new Map(
    train.map(({ id }, i) => [id, mined[i]!.map((p) => passageText(corpus.passages[allowed[p]!]!.chunk))]),
  );
  return rows.map((row) => ({ ...row, negatives: negatives.get(row.id) ?? [] }));
}

/** By document, as the app deals; by passage where every document is one. There is no part for tests: people asked those. */
function partsOf(corpus: Corpus, passages: readonly number[], seed: number, validationShare: number) {
  const keyOf = (passage: number) => corpus.passages[passage]!.documentKey;
  const groups = new Map<string, Map<string, number>>();
  for (const passage of passages) {
    const counts = groups.get(keyOf(passage)) ?? new Map<string, number>();
    groups.set(keyOf(passage), counts.set('', (counts.get('') ?? 0) + 1));
  }
  const dealt = dealGroups(groups, { ...splitValues(undefined), seed, validationShare, testShare: 0 });
  return new Map<number, DatasetSplit>(passages.map((passage) => [passage, dealt.get(keyOf(passage))!]));
}
