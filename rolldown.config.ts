/**
 * The program as it is shipped: two entries, the other threads' program, what they share, the program that has cap, and the one
 * that finds the owners of sockets, all directly in dist/ (analyze.ts reads ../package.json from there). Bundled for one reason:
 * V8 folds constants of the same module, not imported ones, and the layout of a flow record is a module full of them. And the
 * HTML report's page: one script, one style sheet.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';

const STYLES = 'src/output/html/css';

/** The style sheets in the order of their names, as one. */
const styleSheet = {
  name: 'style-sheet',
  generateBundle(this: { emitFile(file: { type: 'asset'; fileName: string; source: string }): unknown }) {
    const files = readdirSync(STYLES).sort();
    const source = files.map((file) => readFileSync(join(STYLES, file), 'utf8')).join('');
    this.emitFile({ type: 'asset', fileName: 'page.css', source: withoutComments(source) });
  },
};

function withoutComments(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s*/g, '\n')
    .replace(/\n+/g, '\n')
    .trim();
}

export default defineConfig([
  {
    input: { cli: 'src/cli.ts', index: 'src/index.ts', worker: 'src/worker.ts' },
    platform: 'node',
    external: [/^node:/, 'commander', 'fzstd', /^preact/, 'prom-client'],
    optimization: { inlineConst: { mode: 'all', pass: 3 } },
    output: {
      dir: 'dist',
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'pipeline.js',
      minify: false,
      sourcemap: false,
    },
  },
  {
    input: { 'cap-child': 'src/live/cap-child.ts' },
    platform: 'node',
    external: [/^node:/],
    output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', minify: false, sourcemap: false },
  },
  {
    // It may run as root: a file of its own, with nothing in it but what it needs.
    input: { 'owner-child': 'src/sockets/owner-child.ts' },
    platform: 'node',
    external: [/^node:/],
    output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', minify: false, sourcemap: false },
  },
  {
    input: { page: 'src/output/html/page/main.tsx' },
    platform: 'browser',
    transform: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [styleSheet],
    output: { dir: 'dist', format: 'iife', entryFileNames: '[name].js', minify: true, sourcemap: false },
  },
]);
