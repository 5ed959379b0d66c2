type XGrammar = typeof import('@mlc-ai/web-xgrammar');

/** The library, a megabyte of code with its WebAssembly inside, on first use. */
export async function loadXGrammar(): Promise<XGrammar> {
  const loaded: Partial<XGrammar> = await import('@mlc-ai/web-xgrammar');
  // The package is a script that calls itself a module: what does not wrap it finds it in the global scope.
  return (loaded.GrammarCompiler ? loaded : (globalThis as { xgrammar?: unknown }).xgrammar) as XGrammar;
}
