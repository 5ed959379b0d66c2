import type { ModelDescription } from '../models/contract.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';

/** What an adapter is made for. */
export type AdapterBase = Pick<ModelDescription, 'id' | 'name' | 'role' | 'licence'> & {
  /** It runs elsewhere: nothing of it is known but its vectors. */
  host?: string;
};

/** A model of this machine, or the endpoint of that id. @throws AttuneError `models/unknown` */
export async function adapterBase(id: string, db = database()): Promise<AdapterBase> {
  const endpoint = await db.endpoints.get(id);
  if (!endpoint) return (await openModel(id)).description;
  const { model, baseUrl, role = 'generator' } = endpoint;
  const { host } = new URL(baseUrl);
  return { id, name: `${model} on ${host}`, role, licence: '', host };
}
