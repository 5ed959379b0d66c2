import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Rules that find mistakes; how code looks is Prettier's, what may import what is dependency-cruiser's. */
export default ts.config(
  {
    ignores: [
      'dist/',
      '.cache/',
      'public/',
      // Python's packages bring scripts of their own.
      'companion/.venv/',
      'companion/.data/',
      'src/engine/onnx/onnx_pb.ts',
      // Their point is to be wrong.
      'scripts/test/planted/',
    ],
  },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', '*.mjs', '.*.mjs'] },
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      // TypeScript knows the names of each scope (page, worker, Node); the rule does not.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // Assertions that one scope's library needs are unnecessary in another's (ArrayBuffer in workers and in Node).
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // Interfaces are asynchronous where an implementation may be: an async method without await is no mistake.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNever: true, allowArray: true },
      ],
      // What a model file says of itself is unknown until it is printed in the message that refuses it.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What another scope or a library threw is passed on as it came.
      '@typescript-eslint/only-throw-error': 'off',
      'no-console': ['error', { allow: ['warn', 'error'] }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // Links are hash links of our own router; there is no base path to resolve.
      'svelte/no-navigation-without-resolve': 'off',
      // A plain Map or Set that no template reads is right where it is.
      'svelte/prefer-svelte-reactivity': 'off',
      // Both judge without the types and warnings of svelte-check, which runs beside this.
      'svelte/no-unused-svelte-ignore': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-redundant-type-constituents': 'off',
    },
  },
  {
    files: ['scripts/**', 'tests/**', '*.config.*'],
    rules: {
      'no-console': 'off',
      // JSON of fixtures and reports: what is expected of it is said by the assertions.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [ts.configs.disableTypeChecked],
  },
);
