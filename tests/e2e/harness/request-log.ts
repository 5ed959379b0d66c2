import { createServer, type Server } from 'node:http';
import { once } from 'node:events';

/** Chromium's own calls home (clock, component list, sign-in), which no flag turns off. The app knows none of them. */
const BROWSER_HOSTS = /^(https?:\/\/)?([\w-]+\.)*(google\.com|googleapis\.com|gstatic\.com|gvt1\.com)[:/]/;

/**
 * A proxy that refuses and writes down every request. The test browser is told to use it for everything but this
 * machine, so its log is the list of all attempts to reach another origin: by pages, workers, service workers and by
 * the browser itself, before any name is resolved. Nothing gets through.
 */
export class RequestLog {
  readonly #targets: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#targets.push(request.url ?? '');
      response.writeHead(403).end();
    });
    this.#server.on('connect', (request, socket) => {
      this.#targets.push(request.url ?? '');
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
  }

  /** Targets in order: `example.com:443` for https, the full URL for http; without the browser's own. */
  get attempts(): string[] {
    return this.#targets.filter((target) => !BROWSER_HOSTS.test(target));
  }

  static async start(): Promise<RequestLog> {
    const log = new RequestLog();
    log.#server.listen(0, '127.0.0.1');
    await once(log.#server, 'listening');
    return log;
  }

  /** For Chromium's `--proxy-server`. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The request log is not listening.');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
