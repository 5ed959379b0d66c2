import type { BrowserCommand } from 'vitest/node';
import { OpenAiServer } from './openai-server.ts';

// Runs in Node beside the browser tests: a page cannot open a server of its own.
const servers = new Map<string, OpenAiServer>();

/** Starts a server that speaks the OpenAI protocol and returns its address; see `openai-server.ts`. */
const startOpenAiServer: BrowserCommand<[options?: { cors?: boolean }]> = async (_, options) => {
  const server = new OpenAiServer(options);
  const url = await server.start();
  servers.set(url, server);
  return url;
};

/** Settles when a client has closed a stream of the server before its end. */
const openAiServerAbandoned: BrowserCommand<[url: string]> = (_, url) => servers.get(url)!.untilAbandoned();

const stopOpenAiServer: BrowserCommand<[url: string]> = async (_, url) => {
  await servers.get(url)?.stop();
  servers.delete(url);
};

/** Texts that the server was asked to embed. */
const openAiServerEmbedded: BrowserCommand<[url: string]> = (_, url) => servers.get(url)!.embedded;

export const browserCommands = {
  startOpenAiServer,
  openAiServerAbandoned,
  stopOpenAiServer,
  openAiServerEmbedded,
};

declare module 'vitest/browser' {
  interface BrowserCommands {
    startOpenAiServer(options?: { cors?: boolean }): Promise<string>;
    openAiServerAbandoned(url: string): Promise<void>;
    stopOpenAiServer(url: string): Promise<void>;
    openAiServerEmbedded(url: string): Promise<string[]>;
  }
}
