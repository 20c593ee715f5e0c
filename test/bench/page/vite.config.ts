/** Builds the page of the drawing bench into out/bench-page. */
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const folder = (path: string): string => decodeURIComponent(new URL(path, import.meta.url).pathname);

export default defineConfig({
  root: folder('.'),
  base: './',
  plugins: [vue()],
  build: {
    outDir: folder('../../../out/bench-page'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
  },
});
