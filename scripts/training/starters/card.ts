import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StarterAdapterManifest } from '../../../src/adapters/contract.ts';
import { STARTER_GENERATOR } from '../generator/answerer.ts';
import { STARTER_LORA, type Starter } from './starter.ts';

export const STARTER_FOLDER = 'public/adapters';
export const BASE_MODEL = 'HuggingFaceTB/SmolLM2-135M-Instruct';

/** A figure of an adapter next to its base's. */
export interface Score {
  name: string;
  base: number;
  tuned: number;
}

/** A starter adapter in the manifest. */
export type Entry = StarterAdapterManifest['adapters'][number];

const BASE_LICENCE = 'Apache-2.0';
const DATA_LICENCE = 'CC BY-SA 4.0 (XQuAD, after SQuAD)';

/** What the app and people are told of a starter adapter whose PEFT files are written: card.json, README.md. */
export function writeCard(starter: Starter, files: string[], scores: Score[]): Entry {
  const { purpose, name, description, recipe, options } = starter;
  const folder = join(STARTER_FOLDER, purpose);
  const listed = files.map((file) => {
    const bytes = readFileSync(join(folder, file));
    return { name: file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  const entry: Entry = {
    id: `starter-${purpose}`,
    purpose,
    name,
    description,
    task: 'generator',
    modelId: STARTER_GENERATOR,
    modelName: 'SmolLM2 135M Instruct',
    rank: STARTER_LORA.rank,
    alpha: STARTER_LORA.alpha,
    targets: [...STARTER_LORA.targets],
    bytes: listed.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256: listed.at(-1)!.sha256,
    baseLicence: BASE_LICENCE,
    dataLicence: DATA_LICENCE,
    scores,
    source: 'made by npm run make:starters',
    ...(recipe && { recipe }),
    createdAt: Date.UTC(2026, 10, 21),
    files: listed,
  };
  const { files: _, ...card } = entry;
  writeFileSync(join(folder, 'card.json'), `${JSON.stringify({ ...card, settings: options }, null, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), readme(entry, scores, starter));
  return entry;
}

export function writeManifest(adapters: Entry[]): void {
  const manifest: StarterAdapterManifest = { version: 1, adapters };
  writeFileSync(join(STARTER_FOLDER, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function readme({ name, description }: Entry, scores: Score[], { options, batchSize }: Starter): string {
  const rows = scores.map((score) => `| ${score.name} | ${score.base.toFixed(3)} | ${score.tuned.toFixed(3)} |`);
  return `# ${name}

${description}

A LoRA adapter (PEFT) of ${BASE_MODEL} (${BASE_LICENCE}), made by Attune's own trainer on the GGUF file (Q4_1) that the
app ships: rank ${STARTER_LORA.rank}, alpha ${STARTER_LORA.alpha}, all seven linear layers, ${options.steps} steps of \
${batchSize} sets of passages, learning rate ${options.learningRate}, half precision. \`npm run make:starters\` makes it anew.

Data: English XQuAD (${DATA_LICENCE}), 33 of its articles; three were held out to validate, twelve for the scores below.
The adapter is distributed under the same licence as the data. Nothing was trained on the handbook's questions.

| score | base | tuned |
| --- | ---: | ---: |
${rows.join('\n')}
`;
}
