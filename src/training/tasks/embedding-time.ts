import type { Encode, TextForm } from './text-form.ts';

/** Texts that are embedded once, before a run's first step. */
export interface TextsToEmbed {
  questions: readonly string[];
  passages: readonly { headings: readonly string[]; text: string }[];
}

/** So many cost about as much as a step, and their mean length is near that of all. */
const SAMPLE = 32;

/**
 * Seconds that embedding would take, told from a sample that is spread evenly over the texts. It is embedded twice, for
 * the first time also compiles.
 */
export async function embeddingSeconds<Text>(
  { questions, passages }: TextsToEmbed,
  texts: TextForm<Text>,
  encode: Encode<Text>,
  signal?: AbortSignal,
): Promise<number> {
  const total = questions.length + passages.length;
  const sampled = Math.min(SAMPLE, total);
  const places = Array.from({ length: sampled }, (_, i) => Math.floor((i * total) / sampled));
  const asked = places.flatMap((place) => questions[place] ?? []).map((question) => texts.query(question));
  const read = places.flatMap((place) => passages[place - questions.length] ?? []).map((one) => texts.passage(one));
  const embed = async () => {
    if (asked.length > 0) await encode(asked, signal, 'query');
    if (read.length > 0) await encode(read, signal, 'passage');
  };
  await embed();
  const started = performance.now();
  await embed();
  return sampled === 0 ? 0 : ((performance.now() - started) / 1000) * (total / sampled);
}
