/** A model of web-llm's catalogue. Loading it the first time downloads it, which needs hub access. */
export interface CatalogueModel {
  id: string;
  /** Memory of the graphics card that it takes, in bytes. */
  memoryBytes: number;
  /** Runs on phones and small graphics cards. */
  forSmallDevices: boolean;
}

/** The generators that web-llm offers, smallest first. Loads the library (megabytes), nothing else. */
export async function webLlmCatalogue(): Promise<CatalogueModel[]> {
  const { ModelType, prebuiltAppConfig } = await import('@mlc-ai/web-llm');
  return prebuiltAppConfig.model_list
    .filter(({ model_type: type }) => type === undefined || type === ModelType.LLM)
    .map((model) => ({
      id: model.model_id,
      memoryBytes: (model.vram_required_MB ?? 0) * 1e6,
      forSmallDevices: model.low_resource_required ?? false,
    }))
    .sort((a, b) => a.memoryBytes - b.memoryBytes);
}
