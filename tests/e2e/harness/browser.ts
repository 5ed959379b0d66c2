import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath } from '../../../scripts/chromium.mjs';
import { RequestLog } from './request-log.ts';

/** A profile folder outlives its browsers: what one stored (database, OPFS, caches) the next one finds. */
export async function createProfile(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'attune-profile-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) };
}

export interface TestBrowserOptions {
  /** From {@link createProfile}; absent: a profile of its own, removed at the end. */
  profile?: string;
  /** More flags, e.g. `--enable-unsafe-webgpu`. */
  flags?: string[];
}

/**
 * A real Chromium with a profile on disk, started as a process of our own (not by Playwright) so that a test can kill
 * it like a power cut does. Everything that it tries to reach outside this machine lands in {@link log}.
 */
export class TestBrowser {
  readonly log: RequestLog;
  readonly context: BrowserContext;
  readonly #browser: Browser;
  readonly #process: ChildProcess;
  readonly #cleanUp: () => Promise<void>;

  private constructor(log: RequestLog, browser: Browser, process: ChildProcess, cleanUp: () => Promise<void>) {
    this.log = log;
    this.#browser = browser;
    this.#process = process;
    this.#cleanUp = cleanUp;
    const [context] = browser.contexts();
    if (!context) throw new Error('Chromium started without its default context.');
    this.context = context;
  }

  static async launch(options: TestBrowserOptions = {}): Promise<TestBrowser> {
    const own = options.profile === undefined ? await createProfile() : undefined;
    const log = await RequestLog.start();
    const child = spawn(
      chromiumPath(),
      [
        ...CHROMIUM_FLAGS,
        '--headless',
        '--remote-debugging-port=0',
        `--user-data-dir=${options.profile ?? own?.folder}`,
        `--proxy-server=${log.address}`,
        ...(options.flags ?? []),
        'about:blank',
      ],
      // A group of its own, so that a kill reaches the renderer and GPU processes too.
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    const browser = await chromium.connectOverCDP(await debuggingAddress(child));
    return new TestBrowser(log, browser, child, async () => {
      await log.stop();
      await own?.remove();
    });
  }

  async newPage(): Promise<Page> {
    return this.context.newPage();
  }

  /** Ends every process of the browser at once, as a crash or a power cut would. Nothing gets flushed. */
  async kill(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit');
      process.kill(-this.#process.pid!, 'SIGKILL');
      await gone;
    }
    await this.#browser.close().catch(() => undefined);
    await this.#cleanUp();
  }

  /** Ends the browser in an orderly way: what was written is on disk. */
  async close(): Promise<void> {
    const gone = once(this.#process, 'exit');
    const session = await this.#browser.newBrowserCDPSession();
    await session.send('Browser.close').catch(() => undefined);
    await gone;
    await this.#browser.close().catch(() => undefined);
    await this.#cleanUp();
  }
}

/** Chromium says on stderr where it can be driven from. */
async function debuggingAddress(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    said.push(line);
    const match = /^DevTools listening on (ws:\S+)/.exec(line);
    if (!match) continue;
    // Unread output would fill the pipe and stop the browser.
    child.stderr!.resume();
    return match[1]!;
  }
  throw new Error(`Chromium did not start:\n${said.join('\n')}`);
}
