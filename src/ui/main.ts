import { mount } from 'svelte';
import { toProblem } from '../errors/attune-error.ts';
import App from './App.svelte';
import './design/tokens.css';
import './design/base.css';
import { start } from './start.ts';
import Unusable from './Unusable.svelte';

const target = document.getElementById('app')!;
start().then(
  () => mount(App, { target }),
  (error: unknown) => {
    console.error(error);
    mount(Unusable, { target, props: { problem: toProblem(error) } });
  },
);
