import { expose } from '../src/bridge/expose.ts';
import { trainingService } from '../src/training/app-service.ts';

expose(trainingService());
