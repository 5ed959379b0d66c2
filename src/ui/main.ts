import { mount } from 'svelte';
import App from './App.svelte';
import './design/tokens.css';
import './design/base.css';
import { start } from './start.ts';

await start();
mount(App, { target: document.getElementById('app')! });
