interface Named {
  id: string;
  name: string;
}

/**
 * The model that a run would tune: the one that was chosen, else the one in use, else the first that can be tuned.
 *
 * @param models that can be tuned
 * @returns `passedOver`: the name of the one in use where another is taken in its place, which has to be said
 */
export function baseModel(
  models: readonly Named[],
  chosen: string | undefined,
  inUse: Named | undefined,
): { modelId?: string; passedOver?: string } {
  const wanted = [chosen, inUse?.id].flatMap((id) => models.find((model) => model.id === id) ?? []);
  const taken = wanted[0] ?? models[0];
  if (!taken) return {};
  return { modelId: taken.id, ...(inUse && wanted.length === 0 && { passedOver: inUse.name }) };
}
