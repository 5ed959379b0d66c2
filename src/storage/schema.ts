/** Rows of the IndexedDB database. Times are milliseconds since 1970, sizes bytes, offsets UTF-16 code units. */
export type * from './rows/chat.ts';
export type * from './rows/datasets.ts';
export type * from './rows/evaluation.ts';
export type * from './rows/jobs.ts';
export type * from './rows/library.ts';
export type * from './rows/models.ts';
export type * from './rows/training.ts';
