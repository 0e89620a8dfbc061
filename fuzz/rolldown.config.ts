/** The fuzzer, bundled as the program is: what it examines then runs as fast as what is shipped. Files stand directly in build/. */
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { fuzz: 'fuzz/main.ts', 'fuzz-child': 'fuzz/child.ts', worker: 'src/worker.ts' },
  platform: 'node',
  external: [/^node:/, 'commander', 'fzstd', /^ajv/, /^preact/],
  optimization: { inlineConst: { mode: 'all', pass: 3 } },
  output: {
    dir: 'build',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'fuzz-pipeline.js',
    minify: false,
    sourcemap: false,
  },
});
