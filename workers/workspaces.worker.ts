import { expose } from '../src/bridge/expose.ts';
import { workspaceArchives } from '../src/workspaces/service.ts';

expose(workspaceArchives());
