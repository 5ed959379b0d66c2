import { expose } from '../src/bridge/expose.ts';
import { Generation } from '../src/generation/service.ts';
import { loadWebLlm } from '../src/generation/webllm/webllm-engine.ts';

expose(new Generation(({ modelId }, onProgress) => loadWebLlm(modelId, onProgress)));
