import type { Page } from 'playwright-core';

export { rowsOf } from '../../../scripts/demo/table-rows.ts';

/** Writes a row past the app; it is seen with the next load. */
export async function putRow(page: Page, table: string, row: object): Promise<void> {
  await page.evaluate(
    ([name, row]) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('attune');
        opening.onerror = () => reject(opening.error as DOMException);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction(name, 'readwrite');
          transaction.objectStore(name).put(row);
          transaction.onerror = () => reject(transaction.error as DOMException);
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    [table, row] as const,
  );
}
