/** Screens in the navigation, in its order. */
export const screens = ['chat', 'library', 'search', 'datasets', 'tune', 'compare', 'models', 'settings'] as const;
/** Reached from other screens: a place of its own in the navigation would be one too many. */
const further = ['demo'] as const;
export type ScreenName = (typeof screens)[number] | (typeof further)[number];

export interface Route {
  screen: ScreenName;
  /** What stands after the screen: `#/chat/<chatId>`, `#/library/<documentId>`, `#/tune/<runId>`. */
  id: string | null;
  /** `?key=value` within the hash. */
  query: URLSearchParams;
}

/** The route that a hash stands for: the chat where it names no screen. */
export function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', id] = path.split('/').map(decodeURIComponent);
  const screen = [...screens, ...further].find((known) => known === name) ?? 'chat';
  return { screen, id: id || null, query: new URLSearchParams(search) };
}

/** The link to a screen, for `href` and `router.go`. */
export function link(screen: ScreenName, id?: string | null, query?: Record<string, string>): string {
  const search = query && Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : '';
  return `#/${screen}${id ? `/${encodeURIComponent(id)}` : ''}${search}`;
}
