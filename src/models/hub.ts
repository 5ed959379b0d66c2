import { AttuneError } from '../errors/attune-error.ts';
import { database } from '../storage/database.ts';
import type { ModelRow } from '../storage/schema.ts';
import { addModel, type AddModelOptions } from './add-model.ts';
import type { PickedFile } from './recognise.ts';
import { HUB_ACCESS_SETTING, HUB_ORIGIN } from './settings.ts';

/** What is fetched of a repository; pictures, other frameworks' weights and examples stay there. */
const WANTED =
  /^(config|tokenizer|tokenizer_config|generation_config|special_tokens_map|sentence_bert_config|config_sentence_transformers|1_Pooling\/config)\.json$|^[^/]*\.safetensors$|^model\.safetensors\.index\.json$|^README\.md$|^chat_template\.jinja$/;

/**
 * Fetches a model from the hub and adds it. The only function of the app that goes to a hub, and only after the user
 * switched hub access on.
 *
 * @param repository "owner/name", or "owner/name/file.gguf" for one GGUF file of a repository that has several
 * @throws AttuneError `models/hub-off`, `models/hub-unreachable`, `models/hub-missing`; those of `addModel`
 */
export async function addModelFromHub(repository: string, options: AddModelOptions = {}): Promise<ModelRow> {
  if ((await database().settings.get(HUB_ACCESS_SETTING))?.value !== true) {
    throw new AttuneError(
      'models/hub-off',
      'Fetching models from the hub is switched off.',
      'Switch it on in Models, or add a file or folder from this computer.',
    );
  }
  const [owner, name, ...rest] = repository.trim().split('/');
  const id = `${owner}/${name}`;
  const wanted = rest.length > 0 ? [rest.join('/')] : chooseFiles(await listRepository(id, options.signal), id);
  const picked: PickedFile[] = [];
  let done = 0;
  for (const path of wanted) {
    const response = await request(`${HUB_ORIGIN}/${id}/resolve/main/${path}`, id, options.signal);
    const blob = await readCounting(response, (bytes) => options.onProgress?.((done += bytes), 0));
    picked.push({ path: `${name}/${path}`, blob });
  }
  return addModel(picked, { ...options, source: `${new URL(HUB_ORIGIN).host}: ${id}` });
}

/** Safetensors folders as they are; of GGUF repositories the one file in a type that runs well here. */
function chooseFiles(paths: readonly string[], repository: string): string[] {
  const gguf = ['q4_0', 'q4_1', 'q8_0', 'f16'].flatMap((type) =>
    paths.filter((path) => path.toLowerCase().endsWith(`${type}.gguf`)),
  );
  if (gguf[0]) return [gguf[0]];
  const wanted = paths.filter((path) => WANTED.test(path));
  if (wanted.some((path) => path.endsWith('.safetensors'))) return wanted;
  throw new AttuneError(
    'models/hub-missing',
    `The repository ${repository} has neither safetensors weights nor a GGUF file in Q4_0, Q4_1, Q8_0 or F16.`,
    'Choose another repository of the same model.',
  );
}

async function listRepository(id: string, signal?: AbortSignal): Promise<string[]> {
  const response = await request(`${HUB_ORIGIN}/api/models/${id}`, id, signal);
  const { siblings = [] } = (await response.json()) as { siblings?: { rfilename: string }[] };
  return siblings.map(({ rfilename }) => rfilename);
}

async function request(url: string, id: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: signal ?? null });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new AttuneError(
      'models/hub-unreachable',
      `The hub ${new URL(HUB_ORIGIN).host} could not be reached.`,
      'Check the connection and reload the page once after switching hub access on, or add the model from a file.',
      { cause },
    );
  }
  if (response.ok) return response;
  throw new AttuneError(
    'models/hub-missing',
    `The hub has no public model ${id} (answer ${response.status}).`,
    'Check the name: it has the form owner/name. Models that need a login have to be added from a file.',
  );
}

async function readCounting(response: Response, count: (bytes: number) => void): Promise<Blob> {
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      count(chunk.length);
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(counter)).blob();
}
