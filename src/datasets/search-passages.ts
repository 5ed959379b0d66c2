import type { RetrievalService } from '../retrieval/contract.ts';
import type { SearchPassages } from './contract.ts';

/** The search of a workspace as rules and mining use it: passages one by one, by the model and adapter in force. */
export function searchPassages(retrieval: Pick<RetrievalService, 'search'>, workspaceId: string): SearchPassages {
  return async (questions, limit) => {
    const found = [];
    for (const query of questions) {
      const { hits } = await retrieval.search({ workspaceId, query, limit, mode: 'hybrid', mergeNeighbours: false });
      found.push(
        hits.map(({ chunkId, path, headings, text, dense }) => ({
          chunkId,
          documentKey: path,
          headings,
          text,
          ...(dense && { similarity: dense.score }),
        })),
      );
    }
    return found;
  };
}
