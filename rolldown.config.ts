/**
 * The program as it is shipped: two entries, the other threads' program, and what they share, all directly in dist/ (analyze.ts reads
 * ../package.json from there). Bundled for one reason: V8 folds constants of the same module, not imported ones, and
 * the layout of a flow record is a module full of them.
 */
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { cli: 'src/cli.ts', index: 'src/index.ts', worker: 'src/worker.ts' },
  platform: 'node',
  external: [/^node:/, 'commander', 'fzstd'],
  optimization: { inlineConst: { mode: 'all', pass: 3 } },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'pipeline.js',
    minify: false,
    sourcemap: false,
  },
});
