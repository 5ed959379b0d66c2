import { loadAdapter } from '../../adapters/load.ts';
import { starterAdapters } from '../../adapters/catalogue.ts';
import { chooseRuntime } from '../../engine/resident/choose.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { loadEngine } from '../../generation/engines.ts';
import { openModel } from '../../models/catalogue.ts';
import { database } from '../../storage/database.ts';
import { kindsByShare } from './kinds.ts';
import { Questions, type OpenWriter } from './service.ts';
import { generationSettings } from './settings.ts';

/** The service over the app's database, models and adapters. */
export function questionService(): Questions {
  return new Questions({ database: database(), openWriter });
}

const openWriter: OpenWriter = async (row, search, report) => {
  const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number }) =>
    report(stage, done, total);
  switch (row.method) {
    case 'extracted': {
      const { ExtractedWriter } = await import('./extracted/extract-questions.ts');
      return new ExtractedWriter(generationSettings('extracted', row.settings).perPassage);
    }
    case 'engine': {
      const { EngineWriter } = await import('./engine/engine-writer.ts');
      const settings = generationSettings('engine', row.settings);
      const { modelId, adapterId, engine = 'local' } = row.model!;
      return new EngineWriter({
        engine: await loadEngine({ engine, modelId }, onProgress),
        settings,
        seed: row.seed,
        kinds: kindsByShare(settings, row.chunkIds.length),
        adapter: adapterId,
      });
    }
    case 'writer': {
      const starter = (await starterAdapters()).find(({ purpose }) => purpose === 'questions');
      if (!starter) {
        throw new AttuneError(
          'generate/no-writer',
          'The adapter that writes questions did not come with this copy of the app.',
          'Write the questions with a language model, or run npm run make:starters.',
        );
      }
      const [{ loadDraftWriter }, { QuestionWriter }, files, { runtime }] = await Promise.all([
        import('./writer/load.ts'),
        import('./writer/question-writer.ts'),
        openModel(starter.modelId),
        chooseRuntime(),
      ]);
      const { drafts, dispose } = await loadDraftWriter(files, {
        runtime,
        adapter: async (shape) => {
          const { tuned } = await loadAdapter(starter.id, shape);
          if (tuned.kind === 'lora') return tuned.adapter;
          throw new AttuneError(
            'generate/no-writer',
            'The adapter of the question writer is damaged.',
            'Set the app up anew.',
          );
        },
        onProgress,
      });
      return new QuestionWriter({
        generator: `${files.description.name} with ${starter.name}`,
        drafts,
        settings: generationSettings('writer', row.settings),
        seed: row.seed,
        search,
        dispose,
      });
    }
  }
};
