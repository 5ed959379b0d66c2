import type { ExportFormat } from '../../../../datasets/contract.ts';

/** What can be written, and for whom. */
export const exportFormats: readonly { value: ExportFormat; label: string; text: string }[] = [
  { value: 'native', label: 'Attune (JSONL)', text: 'Everything, rejected rows too. Comes back without a loss.' },
  { value: 'chat', label: 'Chat (messages)', text: 'OpenAI style: TRL, Axolotl, hosted tuning.' },
  { value: 'alpaca', label: 'Alpaca', text: 'Instruction, input, output: LLaMA-Factory, Unsloth.' },
  { value: 'sharegpt', label: 'ShareGPT', text: 'Conversations from human and gpt: Axolotl, LLaMA-Factory.' },
  {
    value: 'raft',
    label: 'RAFT',
    text: 'The right passage among wrong ones, with the rationale: answers with sources.',
  },
  { value: 'pairs', label: 'Pairs', text: 'Question and passage: sentence-transformers, search models.' },
  { value: 'triplets', label: 'Triplets', text: 'Question, right and wrong passage; needs hard negatives.' },
];
