import { serve } from '../../../scripts/serve.mjs';
import { distFolder } from './dist.ts';

/** The shipped server with the production build. Stopping it is the honest "offline": nothing at all can be fetched. */
export class AppServer {
  #running: Awaited<ReturnType<typeof serve>> | undefined;
  #port = 0;
  /** URL paths asked for since the start, in order. */
  readonly requests: string[] = [];

  static async start(): Promise<AppServer> {
    const server = new AppServer();
    await server.start();
    return server;
  }

  /** Starts it again on the same port, so that the origin and everything stored under it stay the same. */
  async start(): Promise<void> {
    const folder = distFolder();
    this.#running = await serve({ folder, port: this.#port, onRequest: (_method, url) => this.requests.push(url) });
    this.#port = this.#running.port;
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    this.#running = undefined;
  }

  /** With a slash at the end. */
  get url(): string {
    return `http://localhost:${this.#port}/`;
  }
}
