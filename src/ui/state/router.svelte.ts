import { link, parse, type Route, type ScreenName } from './routes.ts';

export { link, screens, type Route, type ScreenName } from './routes.ts';

/** Hash routing: any static host and a USB stick serve it without rewrite rules. */
class Router {
  #route = $state.raw<Route>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.#route = parse(location.hash)));
  }

  get route(): Route {
    return this.#route;
  }

  go(screen: ScreenName, id?: string | null, query?: Record<string, string>): void {
    location.hash = link(screen, id, query);
  }

  /** Changes the address without a new entry in the history. */
  replace(screen: ScreenName, id?: string | null, query?: Record<string, string>): void {
    history.replaceState(null, '', link(screen, id, query));
    this.#route = parse(location.hash);
  }
}

export const router = new Router();
