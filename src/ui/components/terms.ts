/** Every term of the field that the app shows, explained in one line. The guide takes its glossary from here. */
export const terms = {
  embedder: 'Turns text into numbers so that passages with a similar meaning lie close together.',
  reranker: 'Reads the question together with each found passage and puts the best ones first.',
  generator: 'The language model that writes the answer from the passages it is shown.',
  adapter: 'A small file of tuned weights that changes how a model behaves. The model itself stays as it is.',
  passage: 'A piece of a document, a few sentences long. Search finds passages, and answers cite them.',
  token: 'A piece of a word. Models read and write tokens; 100 tokens are about 75 English words.',
  context: 'How much text the model can take in at once: passages, conversation and answer together.',
  dense: 'Finds passages that mean the same as the question, even in other words.',
  lexical: 'Finds passages that contain the words of the question (BM25).',
  fused: 'Both lists joined: a passage that stands high in either one comes first (Reciprocal Rank Fusion).',
  tokensPerSecond: 'How fast the model writes. Reading speed is about 5 tokens per second.',
  timeToFirstToken: 'How long the model read the passages and your question before it wrote the first word.',
  temperature: 'How freely the model picks its words. 0 always takes the likeliest one.',
  workspace: 'A set of documents with its own library, chats and settings.',
  endpoint: 'A model that runs elsewhere: another program on this machine, or a server.',
  chunk: 'What a document is cut into for search: a passage with its headings.',
  quantisation: 'Weights stored with fewer bits. The model gets smaller and faster and a little less exact.',
  loss: 'How wrong the model still is on what it learns from. It jumps from step to step; the trend is what counts.',
  validation:
    'Questions that the model does not learn from. Getting better on them means that it learned, not memorised.',
  learningRate: 'How far each step goes. It rises at the start and falls towards the end.',
  gradientNorm:
    'How strongly the last step wanted to change the adapter. Very large values mean that learning is shaky.',
  hardNegative:
    'A passage that reads as if it answered the question and does not. Telling it from the right one is what a model learns most from.',
  elo: 'A score from votes, as in chess: 1,000 is the average, and who stands 100 higher wins 64 of 100 votes.',
  gguf: 'A file format for language models that many programs can read.',
} as const;

export type TermName = keyof typeof terms;
