import type { ModelDescription } from '../../../models/contract.ts';
import type { ModelFormat } from '../../../storage/schema.ts';

const architectures: Record<string, string> = {
  bert: 'BERT',
  llama: 'Llama',
  mistral: 'Mistral',
  qwen2: 'Qwen2',
  qwen3: 'Qwen3',
};

const formats: Record<ModelFormat, string> = { gguf: 'GGUF', safetensors: 'safetensors', onnx: 'ONNX', mlc: 'MLC' };

/** "Llama, GGUF". */
export function architectureName({ architecture, format }: Pick<ModelDescription, 'architecture' | 'format'>): string {
  return `${architectures[architecture] ?? architecture}, ${formats[format]}`;
}
