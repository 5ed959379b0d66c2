import { SvelteSet } from 'svelte/reactivity';
import type { AskRequest, OtherRequest } from '../../../chat/contract.ts';
import { askDocuments, askOther } from '../../state/answering.ts';
import { ChatSession } from './chat-session.svelte.ts';

/** One session per chat that was opened since the page was loaded. */
class Sessions {
  #byChat = new Map<string, ChatSession>();
  #busyIds = new SvelteSet<string>();

  of(chatId: string): ChatSession {
    let session = this.#byChat.get(chatId);
    if (!session) {
      session = new ChatSession(chatId, askDocuments, askOther);
      this.#byChat.set(chatId, session);
    }
    return session;
  }

  /** Asks in a chat and follows the answer to its end. */
  ask(chatId: string, request: Omit<AskRequest, 'chatId'>): Promise<void> {
    return this.#busyWhile(chatId, (session) => session.ask(request));
  }

  /** Has a stored answer written once more, by the other of base and tuned model. */
  askOther(chatId: string, request: OtherRequest): Promise<void> {
    return this.#busyWhile(chatId, (session) => session.askOther(request));
  }

  async #busyWhile(chatId: string, act: (session: ChatSession) => Promise<void>): Promise<void> {
    this.#busyIds.add(chatId);
    try {
      await act(this.of(chatId));
    } finally {
      this.#busyIds.delete(chatId);
    }
  }

  /** Chats whose answer is being made. */
  get busyIds(): ReadonlySet<string> {
    return this.#busyIds;
  }
}

export const sessions = new Sessions();
