import { isAbort, toProblem, type Problem } from '../../errors/attune-error.ts';
import { toasts } from './toasts.svelte.ts';

/**
 * The one sink of errors on the main thread. What a caller cancelled is ignored, everything else is logged and shown
 * with its way out. Screens that can show a problem beside its cause do so and pass only the rest here.
 *
 * @returns the problem that was shown, or null for an abort.
 */
export function report(error: unknown): Problem | null {
  if (isAbort(error)) return null;
  const problem = toProblem(error);
  console.error(error);
  toasts.show({ tone: 'danger', icon: 'warning', message: problem.message, detail: problem.wayOut, lasts: 12_000 });
  return problem;
}

/** Runs something whose result nobody awaits; a failure is reported. For event handlers. */
export function run(work: () => Promise<unknown>): void {
  work().catch(report);
}

/** Catches what no handler caught. Called once, before the first component. */
export function catchStrayErrors(): void {
  addEventListener('error', (event) => {
    // The browser's own notice that a ResizeObserver took two frames; nothing failed.
    if (event.message.startsWith('ResizeObserver loop')) return;
    report(event.error ?? event.message);
  });
  addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    report(event.reason);
  });
}
