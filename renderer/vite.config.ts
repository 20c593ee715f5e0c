/** Builds renderer/ into out/renderer. Both hosts serve the result under a CSP without inline scripts. */
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const folder = (path: string): string => decodeURIComponent(new URL(path, import.meta.url).pathname);

export default defineConfig({
  root: folder('.'),
  // The web host serves it over http, Electron under app://: no address is absolute.
  base: './',
  plugins: [vue()],
  build: {
    outDir: folder('../out/renderer'),
    emptyOutDir: true,
    target: 'es2022',
    // A data: address would need its own permission in the CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
});
