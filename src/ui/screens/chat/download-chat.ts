import { exportChat } from '../../../chat/export-markdown.ts';
import type { ChatRow } from '../../../storage/schema.ts';

/** Hands the chat to the browser as a Markdown file. @throws AttuneError `chat/missing` when it is gone. */
export async function downloadChat(chat: ChatRow): Promise<void> {
  const blob = new Blob([await exportChat(chat.id)], { type: 'text/markdown' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${fileName(chat.title)}.md`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A title without the characters that some file system forbids. */
function fileName(title: string): string {
  const allowed = title
    .replace(/[\\/:*?"<>|\p{Cc}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return allowed.slice(0, 80) || 'Chat';
}
