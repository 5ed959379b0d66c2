import { ANSWER_RECIPE, CLOSED_BOOK_RECIPE, withReasons } from '../../chat/prompt/answer-recipe.ts';
import type { AnswerRecipe } from '../../storage/schema.ts';
import { trainingSettings } from '../settings.ts';

/** The prompt form of a run: that of the app with the run's number of passages. It goes into the adapter's card. */
export function recipeOf(settings: Readonly<Record<string, unknown>>): AnswerRecipe {
  const { learns, passages, reasons } = trainingSettings('generator', settings);
  if (learns === 'closed-book') return CLOSED_BOOK_RECIPE;
  const recipe = { ...ANSWER_RECIPE, passages };
  return reasons ? withReasons(recipe) : recipe;
}
