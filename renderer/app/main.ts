import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { config } from 'zod';
import '../theme/tokens.css';
import '../theme/base.css';
import App from './App.vue';
import { openLink } from './open-link.ts';

// The content security policy allows no code made of text.
config({ jitless: true });

createApp(App, { open: openLink }).use(createPinia()).mount('#app');
