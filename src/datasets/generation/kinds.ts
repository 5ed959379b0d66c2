import type { QuestionKind } from '../../storage/schema.ts';
import { SHARE_OF_KIND, type GenerationSettings } from './settings.ts';

/**
 * The kind of question that each passage of a run is asked for, so that after any number of passages the kinds stand as
 * near to their shares as whole numbers allow. Facts where all shares are 0.
 *
 * @param places passages of the run
 */
export function kindsByShare(
  settings: Pick<GenerationSettings<'engine'>, (typeof SHARE_OF_KIND)[QuestionKind]>,
  places: number,
): QuestionKind[] {
  const kinds = (Object.keys(SHARE_OF_KIND) as QuestionKind[]).map((kind) => ({
    kind,
    share: settings[SHARE_OF_KIND[kind]],
    given: 0,
  }));
  const total = kinds.reduce((sum, { share }) => sum + share, 0);
  if (total === 0) return Array.from({ length: places }, () => 'fact');
  return Array.from({ length: places }, (_, place) => {
    const owed = ({ share, given }: (typeof kinds)[number]) => (share / total) * (place + 1) - given;
    const next = kinds.reduce((a, b) => (owed(b) > owed(a) ? b : a));
    next.given++;
    return next.kind;
  });
}
