import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0, // the policy of the page allows no data: URL
    modulePreload: { polyfill: false }, // every browser that knows light-dark() has it
    manifest: 'manifest.json', // for scripts/size.mjs, which deletes it
    emptyOutDir: false, // scripts/clean.mjs does it, and keeps dist/.keep
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    // `npm run dev` beside `outdial serve`: everything but the pages is the server's.
    proxy: Object.fromEntries(
      ['/v1', '/config.json'].map((path) => [path, { target: 'http://127.0.0.1:8080', changeOrigin: true }]),
    ),
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    unstubGlobals: true,
    setupFiles: ['src/testing/setup.ts'],
  },
});
