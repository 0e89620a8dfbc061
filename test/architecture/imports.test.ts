/** The folders of src are the pipeline: a file imports only from its own folder and from folders before it. */
import { describe, expect, test } from 'vitest';
import { codeOf, filesUnder, importsOf, read } from './sources.ts';

/** From bytes to the command line. What stands in one row are single files that belong together. */
const PIPELINE = [
  ['src/units.ts'],
  ['src/kernel/'],
  ['src/input/'],
  ['src/decode/'],
  ['src/flow/'],
  ['src/tcp/'],
  ['src/teardown/'],
  ['src/evidence/'],
  ['src/report/'],
  ['src/live/'],
  ['src/words.ts'],
  ['src/ports/'],
  ['src/findings/'],
  ['src/sockets/'],
  ['src/watch/'],
  ['src/compare/'],
  ['src/where/'],
  ['src/redact/'],
  ['src/diff/'],
  ['src/extract/'],
  ['src/output/'],
  ['src/shortcut.ts', 'src/share.ts', 'src/systems.ts', 'src/thresholds.ts'],
  ['src/crew.ts', 'src/worker.ts', 'src/judge.ts'],
  ['src/analyze.ts', 'src/segments.ts'],
  ['src/segments-ring.ts'],
  ['src/compare.ts', 'src/extract.ts', 'src/monitor.ts'],
  ['src/cli/'],
  ['src/cli.ts', 'src/index.ts'],
] as const;

/** Who may import what from outside, and why. Everything else is pure: numbers and text in, numbers and text out. */
const OUTSIDE: { from: string; modules: RegExp; because: string }[] = [
  { from: 'src/input/', modules: /^node:(fs|path|stream|timers\/promises|tty|zlib)$/, because: 'it reads the files' },
  { from: 'src/input/zstd.ts', modules: /^fzstd$/, because: 'Node has zstd from 22.15 on' },
  { from: 'src/decode/ipcomp.ts', modules: /^node:zlib$/, because: 'packets may be compressed: bytes in, bytes out' },
  { from: 'src/kernel/kernel.ts', modules: /^node:(fs|module)$/, because: 'it loads the WebAssembly program' },
  { from: 'src/flow/table.ts', modules: /^node:crypto$/, because: 'the seed of its hash must not be guessable' },
  { from: 'src/report/community-id.ts', modules: /^node:crypto$/, because: 'Community ID is a SHA-1' },
  { from: 'src/redact/', modules: /^node:crypto$/, because: 'what replaces a name must not be guessable' },
  {
    from: 'src/output/files.ts',
    modules: /^node:(fs|path|crypto)$/,
    because: 'it writes the files, by temporary names',
  },
  { from: 'src/output/html/', modules: /^preact$/, because: 'it draws the page in Node and in the browser alike' },
  {
    from: 'src/output/html/page/',
    modules: /^preact\/(hooks|compat)$/,
    because: 'it keeps what is selected, and parts apart',
  },
  { from: 'src/output/html/page/', modules: /^chart\.js$/, because: 'it draws the charts on screen' },
  { from: 'src/output/html/report.tsx', modules: /^preact-render-to-string$/, because: 'it writes the page as text' },
  {
    from: 'src/output/html/assets.ts',
    modules: /^node:(crypto|fs|module)$/,
    because: "it loads the page's program and style sheet, and says what they hash to",
  },
  { from: 'src/output/html/pack.ts', modules: /^node:zlib$/, because: 'the page carries its data compressed' },
  {
    from: 'src/live/',
    modules: /^node:(child_process|fs|os|path|stream|net|url|timers\/promises)$/,
    because: 'it starts the programs that capture',
  },
  {
    from: 'src/live/cap-child.ts',
    modules: /^(cap|node:module)$/,
    because: 'it captures by libpcap, in a process of its own',
  },
  {
    from: 'src/sockets/',
    modules: /^node:(child_process|fs|os|net|path|url|timers\/promises)$/,
    because: "it reads the kernel's socket tables",
  },
  {
    from: 'src/output/metrics.ts',
    modules: /^prom-client$/,
    because: "it writes Prometheus' text",
  },
  { from: 'src/cli/live-watchers.ts', modules: /^prom-client$/, because: 'it loads that where metrics are wanted' },
  { from: 'src/monitor.ts', modules: /^node:stream$/, because: 'it follows a stream' },
  { from: 'src/crew.ts', modules: /^node:(fs|os|url|worker_threads)$/, because: 'it starts the other threads' },
  { from: 'src/worker.ts', modules: /^node:worker_threads$/, because: 'it is one of them' },
  { from: 'src/analyze.ts', modules: /^node:fs$/, because: "the tool's version stands in package.json" },
  { from: 'src/cli/', modules: /^node:/, because: 'it talks to the terminal' },
  { from: 'src/cli.ts', modules: /^commander$/, because: 'it parses the command line' },
];

/** Who may touch the process, and why. */
const PROCESS: { from: string; because: string }[] = [
  { from: 'src/input/open.ts', because: "'-' is standard input" },
  { from: 'src/live/', because: 'PATH, root given up, and the process that has cap' },
  { from: 'src/sockets/owner-child.ts', because: 'it is a process of its own' },
  { from: 'src/sockets/owner-reader.ts', because: 'it is needed only by root' },
  { from: 'src/cli/', because: 'it talks to the terminal' },
  { from: 'src/cli.ts', because: 'arguments, signals, exit codes' },
];

/** Layers nest without end, and so does decoding: a tunnel holds a packet of any kind again. */
const LAYERS = ['src/decode/ethernet.ts', 'src/decode/ip.ts', 'src/decode/wireless.ts'];
const RECURSION = new Map(['src/decode/tunnel.ts', 'src/decode/udp.ts'].map((file) => [file, LAYERS]));

const FILES = [...filesUnder('src', '.ts'), ...filesUnder('src', '.tsx')].sort();

function place(file: string): number {
  return PIPELINE.findIndex((row) =>
    row.some((part) => file === part || (part.endsWith('/') && file.startsWith(part))),
  );
}

const within = (file: string, from: string) => file === from || (from.endsWith('/') && file.startsWith(from));

describe('the pipeline', () => {
  test('has a place for every file of src', () => {
    expect(FILES.filter((file) => place(file) < 0)).toEqual([]);
  });

  test('flows one way: nothing is imported from a later stage', () => {
    const wrong = FILES.flatMap((file) =>
      importsOf(file)
        .filter((imported) => imported.file !== null && place(imported.file) > place(file))
        .map((imported) => `${file} imports ${imported.specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('has no import of a file that is not there', () => {
    const wrong = FILES.flatMap((file) =>
      importsOf(file)
        .filter((imported) => imported.file !== null && !FILES.includes(imported.file))
        .map((imported) => `${file} imports ${imported.specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('has no cycles of imports', () => {
    const graph = new Map(
      FILES.map((file) => {
        const imported = importsOf(file).map((statement) => statement.file);
        return [file, imported.filter((other) => !RECURSION.get(file)?.includes(other ?? ''))];
      }),
    );
    expect(findCycle(graph)).toBeNull();
  });
});

/** What runs in a browser: it, and all that it imports. */
describe("the page's program", () => {
  const PAGE = 'src/output/html/page/main.tsx';
  const needed = new Set<string>([PAGE]);
  for (const file of needed)
    for (const { file: imported } of importsOf(file)) if (imported !== null) needed.add(imported);

  test('imports nothing of Node, as values', () => {
    const wrong = [...needed].flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('alone knows of the browser', () => {
    const others = FILES.filter((file) => !file.startsWith('src/output/html/page/'));
    const knows = others.filter((file) => /\b(?:document|navigator|localStorage)\s*\./.test(codeOf(read(file))));
    expect(knows).toEqual([]);
  });

  test('takes no text for HTML', () => {
    const page = FILES.filter((file) => file.startsWith('src/output/html/'));
    const takes = page.filter((file) =>
      /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|\beval\b/.test(read(file)),
    );
    expect(takes).toEqual([]);
  });
});

describe('the world outside', () => {
  const foreign = FILES.flatMap((file) =>
    importsOf(file)
      .filter((imported) => imported.file === null)
      .map(({ specifier }) => ({ file, specifier })),
  );

  test('is imported only where a reason is given', () => {
    const wrong = foreign.filter(
      ({ file, specifier }) => !OUTSIDE.some(({ from, modules }) => within(file, from) && modules.test(specifier)),
    );
    expect(wrong).toEqual([]);
  });

  test('has no reason left over', () => {
    const idle = OUTSIDE.filter(
      ({ from, modules }) => !foreign.some(({ file, specifier }) => within(file, from) && modules.test(specifier)),
    );
    expect(idle).toEqual([]);
  });

  test('is touched through process and console only where a reason is given', () => {
    const touching = FILES.filter((file) => /\b(?:process|console)\s*\./.test(codeOf(read(file))));
    expect(touching.filter((file) => !PROCESS.some(({ from }) => within(file, from)))).toEqual([]);
  });
});

/** @returns the files of a cycle, first and last the same; null if there is none */
function findCycle(graph: ReadonlyMap<string, readonly (string | null)[]>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = next === null ? null : visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle !== null) return cycle;
  }
  return null;
}
