/**
 * Scores an adapter `answers` on the three articles that settings are chosen on, next to the base.
 *
 * Run: npx tsx scripts/training/starters/validate.ts [PEFT folder]
 */
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';
import { readLlamaAdapter } from '../generator/adapter-folder.ts';
import { Answerer } from '../generator/answerer.ts';
import { seededRandom } from '../seeded-random.ts';
import { xquadQuestions } from './answer-questions.ts';
import { STARTER_FOLDER } from './card.ts';
import { scoreAnswers } from './score-answers.ts';
import { splitForStarters } from './starter.ts';

const files = await starterModelFiles('all-MiniLM-L6-v2');
const embedder = await createEmbedder(files, { runtime: nodeRuntime(), precision: 'int8' });
const answerer = await Answerer.load();
const adapter = await readLlamaAdapter(process.argv[2] ?? `${STARTER_FOLDER}/answers`, answerer.llama.config);
const { validation } = splitForStarters();
await scoreAnswers(answerer, adapter, { validation: await xquadQuestions(validation, embedder, seededRandom(14)) });
await answerer.dispose();
await embedder.dispose();
