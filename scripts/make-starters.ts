/**
 * `npm run make:starters [-- answers|questions] [-- --score]`: trains the two adapters that Attune ships, with its own
 * trainer, on XQuAD's training articles, and scores them against the bare base. About 45 minutes on two cores; a killed
 * run goes on where it was. `--score` scores what is there.
 *
 * In: the starter models (npm start fetches them), XQuAD and the handbook beside the repository.
 * Out: public/adapters/{answers,questions}/ and public/adapters/manifest.json
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { StarterAdapterManifest } from '../src/adapters/contract.ts';
import { nodeRuntime } from '../src/engine/runtime/node.ts';
import { starterModelFiles } from '../src/models/node.ts';
import { createEmbedder } from '../src/retrieval/embedder/create-embedder.ts';
import { readLlamaAdapter } from './training/generator/adapter-folder.ts';
import { Answerer } from './training/generator/answerer.ts';
import { STARTER_FOLDER, writeCard, writeManifest, type Entry } from './training/starters/card.ts';
import { finalSets, scoreAnswers } from './training/starters/score-answers.ts';
import { scoreQuestions } from './training/starters/score-questions.ts';
import { STARTERS, starterData } from './training/starters/starter.ts';
import { trainStarter } from './training/starters/train-starter.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { score: { type: 'boolean', default: false } },
});
const chosen = STARTERS.filter(({ purpose }) => positionals.length === 0 || positionals.includes(purpose));
const embedder = await createEmbedder(await starterModelFiles('all-MiniLM-L6-v2'), {
  runtime: nodeRuntime(),
  precision: 'int8',
});
const answerer = await Answerer.load();
for (const starter of chosen) {
  const { purpose } = starter;
  const files = flags.score
    ? ['adapter_config.json', 'adapter_model.safetensors']
    : await trainStarter(starter, await starterData(starter, embedder, answerer.tokenizer), answerer.llama);
  const read = (name: string) => readLlamaAdapter(`${STARTER_FOLDER}/${name}`, answerer.llama.config);
  const adapter = await read(purpose);
  // Usable from here on; scoring takes about as long again.
  keep(writeCard(starter, files, []));
  const scores =
    purpose === 'answers'
      ? await scoreAnswers(answerer, adapter, await finalSets(embedder))
      : await scoreQuestions(answerer, adapter, await read('answers'), embedder);
  keep(writeCard(starter, files, scores));
}
await answerer.dispose();
await embedder.dispose();

/** The file is read anew: another process may have made the other adapter meanwhile. */
function keep(entry: Entry): void {
  const file = `${STARTER_FOLDER}/manifest.json`;
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StarterAdapterManifest).adapters : [];
  const others = known.filter(({ purpose }) => purpose !== entry.purpose);
  writeManifest([...others, entry].sort((a, b) => a.purpose.localeCompare(b.purpose)));
}
