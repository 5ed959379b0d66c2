import { expose } from '../src/bridge/expose.ts';
import { loadEngine } from '../src/generation/engines.ts';
import { Generation } from '../src/generation/service.ts';

expose(new Generation(loadEngine));
