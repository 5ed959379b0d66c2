import { expect, test } from 'vitest';
import { CompareForm, NONE } from '../../../../src/ui/screens/compare/compare-form.svelte.ts';
import {
  keyOf,
  untunedRanking,
  type PipelineOption,
  type PipelineOptions,
} from '../../../../src/ui/screens/compare/pipeline-options.svelte.ts';

const untuned = untunedRanking({ id: 'minilm', name: 'MiniLM' });
const model = { modelId: 'minilm', adapterId: 'ranker' };
const tuned: PipelineOption = { ...untuned, key: keyOf(model), model, label: 'MiniLM with Ranker', tuned: true };
const search: PipelineOption = { ...untuned, label: 'MiniLM' };
const options = { embedders: [search], rerankers: [untuned, tuned], generators: [] } as unknown as PipelineOptions;

test('a ranking model is first compared with none, and with the untuned one where that is wanted', () => {
  const form = new CompareForm('w', options);
  expect(form.chosen('reranker')).toEqual([NONE, tuned.key]);
  form.toggle('reranker', untuned.key, true);
  expect(form.configurations.map(({ name }) => name)).toEqual([
    'MiniLM',
    'MiniLM · MiniLM, untuned',
    'MiniLM · MiniLM with Ranker',
  ]);
  expect(form.configurations[1]!.reranker).toEqual({ modelId: 'minilm', adapterId: null });
});
