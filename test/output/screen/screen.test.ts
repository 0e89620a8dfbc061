import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { press } from '../../../src/output/screen/press.ts';
import { screenLines } from '../../../src/output/screen/screen.ts';
import { FIRST_STATE, type ScreenState, type Size } from '../../../src/output/screen/state.ts';
import { plain, widthOf } from '../../../src/output/style.ts';
import { MOST_LINGERING, MOST_PORTS } from '../../../src/watch/view.ts';
import { oddKey, oddSize, oddView } from './arbitrary.ts';
import { exampleView } from './example.ts';

const PLAIN = { color: false };

function draw(
  view = exampleView(),
  size: Size = { columns: 80, rows: 24 },
  state: ScreenState = FIRST_STATE,
): string[] {
  return screenLines(view, state, size, PLAIN);
}

/** Without spaces at the ends of lines, which editors remove. */
const text = (lines: string[]): string => `\n${lines.map((line) => line.trimEnd()).join('\n')}\n`;

describe('the screen', () => {
  it('has the essential in 80 x 24', () => {
    expect(text(draw())).toBe(`
teardown live  eth0  12 min 31 s  1,234 packets/s  dropped 0        12:12:31 UTC
tcpdump  filter: tcp port 8080                 12,902 connections, 4,436 present
─ sockets   SYN_    SYN_            FIN_    FIN_    CLOS   TIME_  CLOSE_   LAST_
  now       SENT   RECVD   ESTAB  WAIT_1  WAIT_2     ING    WAIT    WAIT     ACK
  client       2       0      85       0       0       0       3       4       1
  server       0       0      85       1       4       0   4,312       0       0
▶ who closes first 3/4 ──  connections   client   server   both     RST  unknown
> 10.0.0.1:8080                 12,345       12   11,987      3      43        0
  [2001:db8::1]:443                512      500        0      0       0        2
  10.0.0.1:22                       41       40        0      0       0        0
─ TIME_WAIT by local port ────────  end     sockets  first free in  last free in
  10.0.0.1:8080                     server    4,312            1 s          60 s
  [2001:db8::5]:51234               client        2          ~12 s         ~60 s
  10.0.0.5:40112                    client        1            now   ~1 min 31 s
─ lingering 3/4 ────────  peer              state               for  process
  10.0.0.5:40017          10.0.0.1:8080     CLOSE_WAIT   7 min 11 s  worker 4711
  10.0.0.5:40029          10.0.0.1:8080     CLOSE_WAIT   1 min 58 s  worker 4711
  10.0.0.1:8080           10.0.0.5:40031    FIN_WAIT_2    1 min 4 s  ?
─ findings ────────────────────────────────────────────────────────        since
  critical  worker (10.0.0.5) does not close: 4 sockets in CLOSE_W…  10 min 51 s
  warning   the server 10.0.0.1:8080 closes first: its port is in …  10 min 51 s
  info      RSTs at the same place in 43 connections                 12 min 11 s
  info      refused: nobody listens on 10.0.0.9:5432                 12 min 26 s
q quit  p pause  Tab next  ↑↓ row  Enter open  z zoom  / filter  ? help
`);
  });

  it('has everything in 160 x 48', () => {
    expect(text(draw(exampleView(), { columns: 160, rows: 48 }))).toBe(`
teardown live  eth0  12 min 31 s  1,234 packets/s  dropped 0                                                                                        12:12:31 UTC
tcpdump  kernel timestamps  filter: tcp port 8080                                                                              12,902 connections, 4,436 present
─ sockets       SYN_SENT    SYN_RECEIVED     ESTABLISHED      FIN_WAIT_1      FIN_WAIT_2         CLOSING       TIME_WAIT      CLOSE_WAIT        LAST_ACK
  client               2               0              85               0               0               0               3               4               1
  server               0               0              85               1               4               0           4,312               0               0
▶ who closes first ────  connections   client   server   both     RST  unknown   ─ TIME_WAIT by local port ───────  end     sockets  first free in  last free in
> 10.0.0.1:8080               12,345       12   11,987      3      43        0     10.0.0.1:8080                    server    4,312            1 s          60 s
  [2001:db8::1]:443              512      500        0      0       0        2     [2001:db8::5]:51234              client        2          ~12 s         ~60 s
  10.0.0.1:22                     41       40        0      0       0        0     10.0.0.5:40112                   client        1            now   ~1 min 31 s
  10.0.0.9:5432                    4        1        0      0       3        0     ~ by the timers that the port's system is assumed to have




─ lingering ───────────  peer             state               for  process       ─ findings ───────────────────────────────────────────────────────        since
  10.0.0.5:40017         10.0.0.1:8080    CLOSE_WAIT   7 min 11 s  worker 4711     critical  worker (10.0.0.5) does not close: 4 sockets in CLOSE_…  10 min 51 s
  10.0.0.5:40029         10.0.0.1:8080    CLOSE_WAIT   1 min 58 s  worker 4711     warning   the server 10.0.0.1:8080 closes first: its port is in…  10 min 51 s
  10.0.0.1:8080          10.0.0.5:40031   FIN_WAIT_2    1 min 4 s  ?               info      RSTs at the same place in 43 connections                12 min 11 s
  10.0.0.5:40033         10.0.0.1:8080    CLOSE_WAIT          5 s  worker 4711     info      refused: nobody listens on 10.0.0.9:5432                12 min 26 s




─ connections 23/43 ───────────  server                     client is    server is         lasted       idle ▾    packets  closed first  how                  id
  10.0.0.5:40040                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   4 min 40 s          0 s        520  -             open                #40
  10.0.0.5:40041                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   4 min 47 s          1 s        533  -             open                #41
  10.0.0.5:40002                 10.0.0.1:8080              CLOSED       TIME_WAIT           12 s          2 s         26  server        closed               #2
  10.0.0.5:40042                 [2001:db8::1]:443          ESTABLISHED  ESTABLISHED   4 min 54 s          2 s        546  -             open                #42
  10.0.0.5:40043                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED    5 min 1 s          3 s        559  -             open                #43
  10.0.0.5:40044                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED    5 min 8 s          4 s        572  -             open                #44
  10.0.0.5:40045                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   5 min 15 s          5 s        585  -             open                #45
  10.0.0.5:40046                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   5 min 22 s          6 s        598  -             open                #46
  10.0.0.5:40047                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   5 min 29 s          7 s        611  -             open                #47
  10.0.0.5:40048                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   5 min 36 s          8 s        624  -             open                #48
  10.0.0.5:40049                 [2001:db8::1]:443          ESTABLISHED  ESTABLISHED   5 min 43 s          9 s        637  -             open                #49
  10.0.0.5:40050                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   5 min 50 s         10 s        650  -             open                #50
  10.0.0.5:40051                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   5 min 57 s         11 s        663  -             open                #51
  10.0.0.5:40052                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED    6 min 4 s         12 s        676  -             open                #52
  10.0.0.5:40053                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   6 min 11 s         13 s        689  -             open                #53
  10.0.0.5:40054                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   6 min 18 s         14 s        702  -             open                #54
  10.0.0.5:40055                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   6 min 25 s         15 s        715  -             open                #55
  10.0.0.5:40056                 [2001:db8::1]:443          ESTABLISHED  ESTABLISHED   6 min 32 s         16 s        728  -             open                #56
  10.0.0.5:40057                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   6 min 39 s         17 s        741  -             open                #57
  10.0.0.5:40058                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   6 min 46 s         18 s        754  -             open                #58
  10.0.0.5:40059                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED   6 min 53 s         19 s        767  -             open                #59
  10.0.0.5:40099                 10.0.0.1:8080              ?            ESTABLISHED  11 min 33 s         19 s      1,287  -             open                #99
  10.0.0.5:40060                 10.0.0.1:8080              ESTABLISHED  ESTABLISHED        7 min         20 s        780  -             open                #60
q quit  p pause  Tab next  ↑↓ row  Enter open  z zoom  / filter  ? help
`);
  });

  it('has words where there is nothing to show', () => {
    const empty = exampleView({
      services: { services: [], others: 0 },
      timeWait: [],
      lingering: [],
      findings: [],
      rows: [],
      states: { client: {}, server: {} },
    });
    const all = draw(empty, { columns: 80, rows: 50 });
    for (const words of [
      'no connection has ended yet',
      'no socket is in TIME_WAIT',
      'nobody is in FIN_WAIT_2, nobody in CLOSE_WAIT',
      'nothing to worry about was found',
      'no connection is there',
    ]) {
      expect(all).toContain(`  ${words}`);
    }
    expect(draw({ ...empty, findingsAt: null })).toContain('  not judged yet');
  });

  it.each([
    [null, 'drops not known'],
    [0, 'dropped 0'],
    [1_204, 'dropped 1,204 (<1 %)'],
    [912_345, 'dropped 912,345 (50 %)'],
  ])('of %j dropped packets says %j', (dropped, words) => {
    const view = exampleView({ dropped });
    for (const columns of [80, 160]) expect(draw(view, { columns, rows: 24 })[0]).toContain(words);
  });

  it('says drops in red, and that they are none in no colour', () => {
    const head = (dropped: number): string | undefined =>
      screenLines(exampleView({ dropped }), FIRST_STATE, { columns: 80, rows: 24 }, { color: true })[0];
    expect(head(3)).toContain('\x1b[1;31mdropped 3 (<1 %)\x1b[0m');
    expect(head(0)).toContain('  dropped 0  ');
  });

  it("says that timestamps are not the kernel's also where there is little room", () => {
    const source = { ...exampleView().source, timestamps: 'user-space' as const };
    expect(draw(exampleView({ source }))[1]).toContain('user-space timestamps');
  });

  it("shows the own kernel's sockets beside", () => {
    const lines = draw(exampleView({ kernel: { states: { TIME_WAIT: 4_400, LISTEN: 3 } } }));
    expect(lines.find((line) => line.startsWith('  kernel'))).toContain('4,400');
  });

  it('says UTC once', () => {
    expect(draw(exampleView(), { columns: 160, rows: 48 }).join('\n').match(/UTC/g)).toHaveLength(1);
  });

  it('says how many rows there are, and that there may be more', () => {
    const view = exampleView();
    const timeWait = Array.from({ length: MOST_PORTS }, (_, index) => ({ ...view.timeWait[0]!, port: index }));
    const lingering = Array.from({ length: MOST_LINGERING - 1 }, (_, index) => ({ ...view.lingering[0]!, id: index }));
    const lines = draw({ ...view, timeWait, lingering });
    expect(lines.find((line) => line.includes('TIME_WAIT by'))).toContain('TIME_WAIT by local port 3/200+');
    expect(lines.find((line) => line.includes('lingering'))).toContain('lingering 3/199 ');
  });

  it.each([
    [39, 30],
    [80, 9],
    [12, 3],
    [0, 5],
  ])('in %d x %d says that it has no room', (columns, rows) => {
    const lines = draw(exampleView(), { columns, rows });
    expect(lines).toHaveLength(rows);
    expect(lines[0]).toBe('teardown live needs 40 x 10'.slice(0, columns));
    expect(lines.slice(1).every((line) => line === '')).toBe(true);
  });

  it('shows a block that has no room beside the others alone', () => {
    const lines = draw(exampleView(), { columns: 80, rows: 24 }, { ...FIRST_STATE, focus: 'connections' });
    expect(lines.filter((line) => /^[▶─] /.test(line)).map((line) => line.slice(0, 13))).toEqual([
      '─ sockets   S',
      '▶ connections',
    ]);
  });

  it('in 40 x 10 shows the block in focus', () => {
    for (const [focus, title] of [
      ['ports', 'TIME_WAIT by local port'],
      ['lingering', 'lingering'],
      ['findings', 'newest findings'],
    ] as const) {
      expect(draw(exampleView(), { columns: 40, rows: 10 }, { ...FIRST_STATE, focus }).join('\n')).toContain(
        `▶ ${title}`,
      );
    }
  });
});

describe('whatever is shown', () => {
  const withKeys = fc.tuple(oddView, fc.array(oddKey, { maxLength: 6 }), oddSize, fc.boolean());

  it('has exactly as many lines as the window, none wider, and nothing that harms a terminal', () => {
    fc.assert(
      fc.property(withKeys, ([view, keys, size, color]) => {
        const state = keys.reduce((each, key) => press(each, key, view, size).state, FIRST_STATE);
        const lines = screenLines(view, state, size, { color });
        expect(lines).toHaveLength(size.rows);
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThanOrEqual(size.columns);
          const bare = line.replace(/\x1b\[[0-9;]*m/g, '');
          expect(plain(bare)).toBe(bare);
          if (!color) expect(bare).toBe(line);
          // What is painted ends with its line.
          expect(line.lastIndexOf('\x1b[')).toBe(line.lastIndexOf('\x1b[0m'));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('says the same with colours as without', () => {
    fc.assert(
      fc.property(oddView, oddSize, (view, size) => {
        const bare = screenLines(view, FIRST_STATE, size, { color: true }).map((line) =>
          line.replace(/\x1b\[[0-9;]*m/g, ''),
        );
        expect(bare).toEqual(screenLines(view, FIRST_STATE, size, PLAIN));
      }),
      { numRuns: 60 },
    );
  });
});
