import type { TunedAdapter } from '../../adapters/adapter-files.ts';
import { trainingExamples } from '../examples.ts';
import { trainingSettings } from '../settings.ts';
import { loadEncoder } from './encoder.ts';
import { embeddedInParts } from './mining.ts';
import { createRetrievalJudge } from './retrieval-judge.ts';
import { createSearchEncoder } from './search-encoder.ts';
import type { TaskInput } from './task.ts';
import { weightOfMeaning } from './weight-of-meaning.ts';

/**
 * The weight of meaning for a search model's adapter that was tuned elsewhere, on the validation part of the run that
 * it comes from.
 *
 * @param input settings, seed and examples of that run; @returns a share: see `weightOfMeaning`
 * @throws AttuneError of `trainingExamples`, `loadEncoder`; `engine/out-of-memory`
 */
export async function weighAdapter(input: TaskInput, adapter: TunedAdapter): Promise<number> {
  const { files, runtime, seed } = input;
  const settings = trainingSettings('embedder', input.settings);
  const encoder = await loadEncoder(files, settings.maxTokens, input.onProgress);
  const judge = await createRetrievalJudge(input, settings, trainingExamples(input.examples, 'passage'), encoder.texts);
  const search = createSearchEncoder(encoder, runtime, seed, adapter);
  try {
    const texts = [judge.questions, judge.passages] as const;
    const vectors = await embeddedInParts(input, texts, (tokens, stop, kind) => search.encode(tokens, kind, stop));
    return await weightOfMeaning(judge, ...vectors);
  } finally {
    await search.dispose();
  }
}
