import { adapters } from '../../adapters/client.ts';
import type { AskEvent, AskRequest, AskServices, OtherRequest } from '../../chat/contract.ts';
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
  const { ask } = await chat();
  yield* ask(request, services(onLoad), signal);
}

/** Has a stored answer written once more from its passages, by the other of base and tuned model. */
export async function* askOther(
  request: OtherRequest,
  signal: AbortSignal,
  onLoad: (progress: LoadProgress) => void,
): AsyncGenerator<AskEvent> {
  const { answerOther } = await chat();
  yield* answerOther(request, services(onLoad), signal);
}

/** Nobody asks before the first screen stands. */
const chat = () => import('../../chat/ask.ts');

function services(onLoad: (progress: LoadProgress) => void): AskServices {
  return { retrieval, generator: () => answerModel.load(onLoad), adapters: () => adapters.list('generator') };
}
