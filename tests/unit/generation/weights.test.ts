import { expect, test } from 'vitest';
import { chooseWeights } from '../../../src/generation/transformers/weights.ts';

const folder = (...names: string[]) => ({
  name: 'model',
  files: names.map((name) => ({ name: `onnx/${name}`, bytes: 1, sha256: '' })),
});

test.each([
  [['model.onnx', 'model_q4.onnx', 'model_fp16.onnx'], undefined, 'q4'],
  [['model.onnx', 'model_fp16.onnx'], undefined, 'fp32'],
  [['model_quantized.onnx', 'model_fp16.onnx'], undefined, 'q8'],
  [['model_q4f16.onnx', 'model_q4.onnx'], { f16: true }, 'q4f16'],
  [['model_q4f16.onnx', 'model_q4.onnx'], { f16: false }, 'q4'],
])('of %j with the graphics card %j, %s is chosen', (names, gpu, dtype) => {
  expect(chooseWeights(folder(...names), gpu).dtype).toBe(dtype);
});

test('weights beside the graph file are announced, and older merged decoders are found', () => {
  expect(chooseWeights(folder('model.onnx', 'model.onnx_data'), undefined)).toMatchObject({
    use_external_data_format: true,
  });
  expect(chooseWeights(folder('decoder_model_merged_q4.onnx'), undefined).model_file_name).toBe('decoder_model_merged');
});

test('a folder without weights that run here is refused by name', () => {
  expect(() => chooseWeights(folder('model_fp16.onnx'), undefined)).toThrowError(
    expect.objectContaining({ code: 'transformers/no-weights', message: expect.stringContaining('model') }),
  );
});
