import { expose } from '../src/bridge/expose.ts';
import { Datasets } from '../src/datasets/service.ts';
import { database } from '../src/storage/database.ts';

expose(new Datasets(database()));
