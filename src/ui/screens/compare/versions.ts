import type { EvaluationRow } from '../../../storage/schema.ts';
import type { Names } from './configuration-words.ts';

/** What took part in a comparison, by name: its report says it, so that others can repeat it. */
export function versionsOf({ configurations, judge }: EvaluationRow, names: Names): Record<string, string> {
  const parts = configurations.flatMap(({ embedder, reranker, generator }) => [embedder, reranker, generator]);
  const models = new Set([...parts, judge].flatMap((part) => part?.modelId ?? []));
  return Object.fromEntries([
    ['Browser', navigator.userAgent],
    ...[...models].map((id): [string, string] => [`Model ${names.model(id)}`, id]),
  ]) as Record<string, string>;
}
