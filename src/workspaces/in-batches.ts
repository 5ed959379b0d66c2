/** Rows written in one go. */
const BATCH = 500;

/** Writes rows as they are read, some hundred at a time. */
export async function inBatches<T, R>(
  rows: AsyncIterable<T>,
  convert: (row: T) => R,
  write: (batch: R[]) => PromiseLike<unknown>,
): Promise<void> {
  let batch: R[] = [];
  for await (const row of rows) {
    batch.push(convert(row));
    if (batch.length === BATCH) {
      await write(batch);
      batch = [];
    }
  }
  await write(batch);
}
