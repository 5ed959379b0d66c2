import { expose } from '../src/bridge/expose.ts';
import { Figures } from '../src/evaluation/figures/service.ts';
import { database } from '../src/storage/database.ts';

expose(new Figures(database()));
