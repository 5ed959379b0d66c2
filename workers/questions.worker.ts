import { expose } from '../src/bridge/expose.ts';
import { questionService } from '../src/datasets/generation/app-service.ts';

expose(questionService());
