import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    globalSetup: ['test/fuzz/beside.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
