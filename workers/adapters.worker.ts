import { adapterLibrary } from '../src/adapters/library.ts';
import { expose } from '../src/bridge/expose.ts';
import { database } from '../src/storage/database.ts';
import { opfsFolders } from '../src/storage/folders.ts';

expose(adapterLibrary(database(), opfsFolders));
