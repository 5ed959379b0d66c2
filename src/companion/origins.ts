import { database } from '../storage/database.ts';

/** Origins of the nodes that are switched on: what the content security policy has to let through. */
export async function nodeOrigins(db = database()): Promise<string[]> {
  return (await db.nodes.toArray()).filter(({ enabled }) => enabled).map(({ url }) => url);
}
