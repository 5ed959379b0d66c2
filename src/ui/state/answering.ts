import { ask } from '../../chat/ask.ts';
import type { AskEvent, AskRequest } from '../../chat/contract.ts';
import type { LoadProgress } from '../../generation/contract.ts';
import { retrieval } from '../../retrieval/client.ts';
import { answerModel } from './answer-model.svelte.ts';

/**
 * Asks with the services of this machine. The chosen answer model is loaded if need be, while the search already runs;
 * without one the answer is made of sentences of the documents.
 */
export async function* askDocuments(
  request: AskRequest,
  signal: AbortSignal,
  onLoad: (progress: LoadProgress) => void,
): AsyncGenerator<AskEvent> {
  yield* ask(request, { retrieval, generator: () => answerModel.load(onLoad) }, signal);
}
