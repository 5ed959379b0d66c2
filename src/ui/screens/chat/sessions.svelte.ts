import { SvelteSet } from 'svelte/reactivity';
import type { AskRequest } from '../../../chat/contract.ts';
import { askDocuments } from '../../state/answering.ts';
import { ChatSession } from './chat-session.svelte.ts';

/** One session per chat that was opened since the page was loaded. */
class Sessions {
  #byChat = new Map<string, ChatSession>();
  #busyIds = new SvelteSet<string>();

  of(chatId: string): ChatSession {
    let session = this.#byChat.get(chatId);
    if (!session) {
      session = new ChatSession(chatId, askDocuments);
      this.#byChat.set(chatId, session);
    }
    return session;
  }

  /** Asks in a chat and follows the answer to its end. */
  async ask(chatId: string, request: Omit<AskRequest, 'chatId'>): Promise<void> {
    this.#busyIds.add(chatId);
    try {
      await this.of(chatId).ask(request);
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
