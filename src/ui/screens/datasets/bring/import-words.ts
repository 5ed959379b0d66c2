import type { ColumnField, DatasetFormat } from '../../../../datasets/contract.ts';

/** Formats as they are recognised, in words. */
export const formatWords: Record<DatasetFormat, string> = {
  native: 'Attune data set',
  rows: 'Rows with columns',
  squad: 'SQuAD',
  chat: 'Chat messages',
  alpaca: 'Alpaca',
  sharegpt: 'ShareGPT',
  raft: 'RAFT',
  pairs: 'Pairs of question and passage',
  triplets: 'Triplets for retrieval',
  beir: 'BEIR',
};

/** What a column can be taken for, in the order of a form. */
export const fieldWords: readonly { field: ColumnField; label: string; help?: string }[] = [
  { field: 'question', label: 'Question' },
  { field: 'answer', label: 'Answer' },
  { field: 'passage', label: 'Passage' },
  { field: 'document', label: 'Document' },
  { field: 'quotes', label: 'Quote (evidence)' },
  { field: 'thought', label: 'Why (rationale)' },
  { field: 'headings', label: 'Headings' },
  { field: 'negatives', label: 'Wrong passages' },
  { field: 'kind', label: 'Kind' },
  { field: 'split', label: 'Part' },
];
