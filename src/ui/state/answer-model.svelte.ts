import type { Generator } from '../../chat/contract.ts';
import { generation } from '../../generation/client.ts';
import type { LoadProgress, ModelChoice } from '../../generation/contract.ts';
import { listModels } from '../../models/client.ts';
import type { ModelDescription } from '../../models/contract.ts';
import { database } from '../../storage/database.ts';
import { LiveQuery } from './live-query.svelte.ts';
import { privacy } from './privacy.svelte.ts';

const KEY = 'answerModel';

/** Which model writes the answers: the chosen one while it is there, else the first generator on this machine. */
class AnswerModel {
  #models = $state.raw<ModelDescription[]>([]);
  #stored = new LiveQuery<ModelChoice | null>(async () => {
    return ((await database().settings.get(KEY))?.value as ModelChoice | undefined) ?? null;
  }, null);
  #added = new LiveQuery(() => database().models.where('role').equals('generator').primaryKeys(), []);

  /** Reads the list of models; called at start and after a model was added or removed. */
  async refresh(): Promise<void> {
    this.#models = (await listModels()).filter((model) => model.role === 'generator');
  }

  /** Null: no generator is there, answers are extractive. */
  get choice(): ModelChoice | null {
    const stored = this.#stored.current;
    if (stored?.engine === 'endpoint') {
      return privacy.connections.some((endpoint) => endpoint.id === stored.modelId) ? stored : this.#first;
    }
    if (stored?.engine === 'webllm') return stored;
    return stored && this.#models.some((model) => model.id === stored.modelId) ? stored : this.#first;
  }

  get name(): string {
    const choice = this.choice;
    if (!choice) return '';
    if (choice.engine === 'endpoint') return this.#endpoint?.model ?? '';
    return this.#models.find((model) => model.id === choice.modelId)?.name ?? choice.modelId;
  }

  /** True while questions and passages go to another machine. */
  get leavesMachine(): boolean {
    return (
      this.choice?.engine === 'endpoint' && privacy.remote.some((endpoint) => endpoint.id === this.choice?.modelId)
    );
  }

  async choose(choice: ModelChoice): Promise<void> {
    await database().settings.put({ key: KEY, value: choice });
  }

  /**
   * Loads the chosen model, or returns at once when it is in memory.
   *
   * @returns undefined where there is none: answers are extractive then.
   */
  async load(onProgress: (progress: LoadProgress) => void): Promise<Generator | undefined> {
    await this.refresh();
    const choice = this.choice;
    if (!choice) return undefined;
    const info = await generation.load(choice, onProgress);
    return { info, countTokens: generation.countTokens, stream: generation.stream };
  }

  get #endpoint() {
    return privacy.connections.find((endpoint) => endpoint.id === this.choice?.modelId);
  }

  get #first(): ModelChoice | null {
    void this.#added.current;
    const model = this.#models[0];
    return model ? { engine: engineOf(model), modelId: model.id } : null;
  }
}

/** The engine that runs a model's files on this machine. */
export function engineOf(model: Pick<ModelDescription, 'format'>): ModelChoice['engine'] {
  if (model.format === 'onnx') return 'transformers';
  return model.format === 'mlc' ? 'webllm' : 'local';
}

export const answerModel = new AnswerModel();
