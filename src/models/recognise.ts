import { parseBertConfig } from '../engine/models/bert/config.ts';
import { configFromHuggingFace, LLAMA_ARCHITECTURES } from '../engine/models/llama/config.ts';
import { configFromGguf } from '../engine/models/llama/config.ts';
import { readGguf } from '../engine/formats/gguf.ts';
import { SafetensorsFile } from '../engine/formats/safetensors.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { ModelFormat, ModelRole } from '../storage/schema.ts';

/** A file that the user picked; `path` keeps its folders. */
export interface PickedFile {
  path: string;
  blob: Blob;
}

/** What a file or folder turned out to be. */
export interface RecognisedModel {
  name: string;
  role: ModelRole;
  format: ModelFormat;
  architecture: string;
  licence: string;
  /** The files that belong to it, with paths inside the model's folder; others are left behind. */
  files: PickedFile[];
}

/**
 * Looks at headers and configs, never at names alone, and says what a file or folder is.
 *
 * @throws AttuneError `models/not-understood` when it is no model, and the errors of the architecture's own reader, by
 *   name, when it is one that cannot run here
 */
export async function recogniseModel(picked: readonly PickedFile[]): Promise<RecognisedModel> {
  const { folder, files } = withoutCommonFolder(picked);
  const ggufFiles = files.filter(({ path }) => path.toLowerCase().endsWith('.gguf'));
  if (ggufFiles.length === 1) return recogniseGguf(ggufFiles[0]!);
  if (ggufFiles.length > 1) {
    throw notUnderstood(`${ggufFiles.length} GGUF files were given at once`, 'Add one GGUF file at a time.');
  }
  if (files.some(({ path }) => path === 'mlc-chat-config.json')) return recogniseMlc(folder, files);
  if (!files.some(({ path }) => path === 'config.json')) {
    throw notUnderstood(
      `${folder || files[0]?.path || 'The selection'} has no config.json and is no GGUF file`,
      'Choose a .gguf file, or a model folder with config.json, tokenizer.json and its weights.',
    );
  }
  return recogniseFolder(folder, files);
}

async function recogniseGguf(file: PickedFile): Promise<RecognisedModel> {
  const fileName = file.path.split('/').at(-1)!;
  const { metadata, tensors } = await readGguf(file.blob, fileName);
  const { architecture } = configFromGguf(metadata, new Set(tensors.keys()));
  return {
    name: text(metadata['general.name']) ?? fileName.replace(/\.gguf$/i, ''),
    role: 'generator',
    format: 'gguf',
    architecture,
    licence: text(metadata['general.license']) ?? 'not stated',
    files: [{ path: fileName, blob: file.blob }],
  };
}

/** Files of a Hugging Face folder that engines read. */
const USED = /(^|\/)[^/]+\.json$|\.safetensors$|^(chat_template|README|LICENSE)[^/]*$|\.jinja$|\.txt$|^onnx\//i;

async function recogniseFolder(folder: string, files: readonly PickedFile[]): Promise<RecognisedModel> {
  const find = (path: string) => files.find((file) => file.path === path);
  const config = await readJson(find('config.json')!);
  const used = files.filter(({ path }) => USED.test(path));
  const name = folder || text(config._name_or_path)?.split('/').at(-1) || String(config.model_type);
  const common = { name, architecture: String(config.model_type), licence: await licenceOf(files), files: used };
  const weights = used.filter(({ path }) => path.endsWith('.safetensors'));
  const isDecoder = (LLAMA_ARCHITECTURES as readonly string[]).includes(common.architecture);

  if (weights.length === 0) {
    if (isDecoder && used.some(({ path }) => path.endsWith('.onnx'))) {
      return { ...common, role: 'generator', format: 'onnx' };
    }
    throw notUnderstood(`${name} has no .safetensors weights`, 'Choose a folder that has them, or a .gguf file.');
  }
  if (!find('tokenizer.json')) {
    throw notUnderstood(`${name} has no tokenizer.json`, 'Add tokenizer.json of the same model to the folder.');
  }
  // Opening checks every header, so that a damaged download is refused here and not at the first question.
  const opened = await Promise.all(weights.map(({ path, blob }) => SafetensorsFile.open(blob, path)));
  if (isDecoder) {
    configFromHuggingFace(config, new Set(opened.flatMap(({ tensors }) => [...tensors.keys()])));
    return { ...common, role: 'generator', format: 'safetensors' };
  }
  parseBertConfig(config, name);
  return { ...common, role: 'embedder', format: 'safetensors' };
}

/** A model compiled for web-llm, with its library beside the weights. */
async function recogniseMlc(folder: string, files: readonly PickedFile[]): Promise<RecognisedModel> {
  const config = await readJson(files.find(({ path }) => path === 'mlc-chat-config.json')!);
  const used = files.filter(({ path }) => /^[^/]+\.(?:json|model|bin|wasm)$/.test(path));
  if (!used.some(({ path }) => path.endsWith('.wasm'))) {
    throw notUnderstood(
      `${folder || 'the folder'} has no compiled model library (.wasm)`,
      "Put the model's .wasm file into the folder; web-llm's site offers it beside the weights.",
    );
  }
  const name = folder || `${String(config.model_type)} for web-llm`;
  const licence = await licenceOf(files);
  return { name, role: 'generator', format: 'mlc', architecture: String(config.model_type), licence, files: used };
}

/** A picked folder comes as "folder/file"; the model's own paths start below it. */
function withoutCommonFolder(picked: readonly PickedFile[]): { folder: string; files: PickedFile[] } {
  const top = picked[0]?.path.split('/')[0] ?? '';
  if (!picked.every(({ path }) => path.startsWith(`${top}/`))) return { folder: '', files: [...picked] };
  return { folder: top, files: picked.map(({ path, blob }) => ({ path: path.slice(top.length + 1), blob })) };
}

/** The licence in a README's front matter, as model hubs have it. */
async function licenceOf(files: readonly PickedFile[]): Promise<string> {
  const readme = files.find(({ path }) => /^readme\.md$/i.test(path));
  const head = readme ? await readme.blob.slice(0, 4096).text() : '';
  return /^license:\s*["']?([\w.-]+)/m.exec(head)?.[1] ?? 'not stated';
}

async function readJson({ path, blob }: PickedFile): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await blob.text()) as Record<string, unknown>;
  } catch (cause) {
    throw notUnderstood(`${path} is not JSON`, 'Fetch the file again: it may be damaged.', cause);
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() ? value.trim() : undefined;
}

function notUnderstood(what: string, wayOut: string, cause?: unknown): AttuneError {
  return new AttuneError('models/not-understood', `This is no model that can be used: ${what}.`, wayOut, { cause });
}
