import type { AskEvent, AskRequest, AskStage, OtherRequest } from '../../../chat/contract.ts';
import type { MessageRow, PassageSnapshot } from '../../../storage/schema.ts';
import type { LoadProgress } from '../../../generation/contract.ts';
import { report } from '../../state/errors.svelte.ts';

/** What `ask` of the chat domain does, with the way to hear about a model that has to load first. */
export type Ask = (
  request: AskRequest,
  signal: AbortSignal,
  onLoad: (progress: LoadProgress) => void,
) => AsyncIterable<AskEvent>;

/** The same for {@link OtherRequest}s: a stored answer once more, by the other of base and tuned model. */
export type AskOther = (
  request: OtherRequest,
  signal: AbortSignal,
  onLoad: (progress: LoadProgress) => void,
) => AsyncIterable<AskEvent>;

/**
 * The answer that is being made in one chat. It lives outside the components, so an answer goes on while another chat
 * or screen is shown.
 */
export class ChatSession {
  readonly chatId: string;
  #ask: Ask;
  #askOther: AskOther;
  #otherOf = $state<string | null>(null);
  #busy = $state(false);
  #stage = $state<AskStage | 'loading'>('searching');
  #load = $state.raw<LoadProgress | null>(null);
  #passages = $state.raw<PassageSnapshot[]>([]);
  #weak = $state(false);
  #text = $state('');
  #answer = $state.raw<MessageRow | null>(null);
  #controller: AbortController | undefined;
  #pendingText = '';
  #frame = 0;

  constructor(chatId: string, ask: Ask, askOther: AskOther) {
    this.chatId = chatId;
    this.#ask = ask;
    this.#askOther = askOther;
  }

  get busy(): boolean {
    return this.#busy;
  }
  /** Id of the stored answer that is being written once more; null while a new one is. */
  get otherOf(): string | null {
    return this.#busy ? this.#otherOf : null;
  }
  get stage(): AskStage | 'loading' {
    return this.#stage;
  }
  /** How far the answer model is with loading; null when it is in memory. */
  get load(): LoadProgress | null {
    return this.#load;
  }
  get passages(): readonly PassageSnapshot[] {
    return this.#passages;
  }
  get weak(): boolean {
    return this.#weak;
  }
  /** The answer so far. */
  get text(): string {
    return this.#text;
  }
  /** The finished answer as stored: shown until the list of messages has it. */
  get answer(): MessageRow | null {
    return this.#answer;
  }

  /** Asks and follows the answer to its end. Does nothing while an answer is under way. */
  async ask(request: Omit<AskRequest, 'chatId'>): Promise<void> {
    await this.#follow(null, (signal, onLoad) => this.#ask({ chatId: this.chatId, ...request }, signal, onLoad));
  }

  /** Writes a stored answer once more and follows it to its end. Does nothing while an answer is under way. */
  async askOther(request: OtherRequest): Promise<void> {
    await this.#follow(request.messageId, (signal, onLoad) => this.#askOther(request, signal, onLoad));
  }

  async #follow(
    otherOf: string | null,
    begin: (signal: AbortSignal, onLoad: (progress: LoadProgress) => void) => AsyncIterable<AskEvent>,
  ): Promise<void> {
    if (this.#busy) return;
    this.#controller = new AbortController();
    this.#reset();
    this.#otherOf = otherOf;
    this.#busy = true;
    try {
      const events = begin(this.#controller.signal, (progress) => {
        this.#load = progress;
        this.#stage = 'loading';
      });
      for await (const event of events) this.#take(event);
    } catch (error) {
      report(error);
    } finally {
      this.#flush();
      this.#busy = false;
    }
  }

  /** Ends the answer; what was said so far is kept. */
  stop(): void {
    this.#controller?.abort();
  }

  #reset(): void {
    this.#stage = 'searching';
    this.#load = null;
    this.#passages = [];
    this.#weak = false;
    this.#text = '';
    this.#answer = null;
  }

  #take(event: AskEvent): void {
    switch (event.type) {
      case 'question':
        break;
      case 'stage':
        this.#stage = event.stage;
        this.#load = null;
        break;
      case 'passages':
        this.#passages = event.passages;
        this.#weak = event.weak;
        break;
      case 'text':
        // Tokens come faster than frames; rendering each one would only make the page slower.
        this.#pendingText += event.text;
        this.#frame ||= requestAnimationFrame(() => this.#flush());
        break;
      case 'done':
        this.#answer = event.message;
        break;
    }
  }

  #flush(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#pendingText) this.#text += this.#pendingText;
    this.#pendingText = '';
  }
}
