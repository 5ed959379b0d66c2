import { AttuneError } from '../../errors/attune-error.ts';
import type { ModelDescription } from '../../models/contract.ts';

type Dtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4';

/** How transformers.js names the file of each type. */
const SUFFIX: Record<Dtype, string> = {
  q4: '_q4',
  q4f16: '_q4f16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  bnb4: '_bnb4',
  fp16: '_fp16',
  fp32: '',
};

// Half precision fails or crawls on the processor, and needs shader-f16 on the graphics card.
const ON_CPU: Dtype[] = ['q4', 'q8', 'int8', 'uint8', 'bnb4', 'fp32'];
const ON_GPU: Dtype[] = ['q4', 'fp32', 'q8', 'int8', 'uint8'];
const ON_GPU_WITH_F16: Dtype[] = ['q4f16', 'q4', 'fp16', 'fp32', 'q8'];

/**
 * Picks, of the weight files that a folder has, the one that suits the device best.
 *
 * @returns the options that make transformers.js load it.
 * @throws AttuneError `transformers/no-weights` when none suits.
 */
export function chooseWeights(
  { name, files }: Pick<ModelDescription, 'name' | 'files'>,
  gpu: { f16: boolean } | undefined,
): { dtype: Dtype; model_file_name: string; use_external_data_format: boolean } {
  const names = new Set(files.map((file) => file.name));
  const wanted = gpu ? (gpu.f16 ? ON_GPU_WITH_F16 : ON_GPU) : ON_CPU;
  for (const model_file_name of ['decoder_model_merged', 'model']) {
    for (const dtype of wanted) {
      const file = `onnx/${model_file_name}${SUFFIX[dtype]}.onnx`;
      if (names.has(file)) return { dtype, model_file_name, use_external_data_format: names.has(`${file}_data`) };
    }
  }
  throw new AttuneError(
    'transformers/no-weights',
    `The folder of ${name} has no ONNX weights that run ${gpu ? 'on this graphics card' : 'on the processor'}.`,
    'Add a folder that has onnx/model.onnx, model_q4.onnx or model_quantized.onnx.',
  );
}
