/** docs/profiles.md, printed from the profiles in src/teardown. */

import { type BindFails, OLD_SOCKETS } from '../src/teardown/bind-rules.ts';
import { type OsProfile, PROFILES } from '../src/teardown/profiles.ts';

/** Where the page belongs, from the repository's root. */
export const PROFILES_PAGE = 'docs/profiles.md';

const INTRO = `<!-- Printed from src/teardown/profiles.ts by \`npm run docs\`: edit that file, not this one. -->

# The profiles of operating systems

What \`--os\` names, and what is guessed of an address from its SYN or SYN-ACK where nothing is named (\`src/teardown/fingerprint.ts\`).
\`--time-wait\` and \`--fin-timeout\` take the place of the timers.`;

const RULES: readonly [name: string, of: (profile: OsProfile) => [value: string, source: string]][] = [
  ['TIME_WAIT', ({ timeWaitNs, timeWaitLatestNs, sources }) => [range(timeWaitNs, timeWaitLatestNs), sources.timeWait]],
  [
    'FIN_WAIT_2 after close()',
    ({ finWait2Ns, sources }) => [finWait2Ns === null ? 'no timer' : seconds(finWait2Ns), sources.finWait2],
  ],
  [
    'an exact RST in TIME_WAIT',
    ({ resetEndsTimeWait, sources }) => [resetEndsTimeWait ? 'ends it' : 'is ignored', sources.reset],
  ],
  [
    'TIME_WAIT is restarted by',
    ({ timeWaitRestartedBy, sources }) => [
      timeWaitRestartedBy === 'ack' ? 'any segment with an ACK' : 'a repeated FIN',
      sources.restart,
    ],
  ],
];

/** The whole page as Markdown. */
export function profilesPage(): string {
  return `${[
    INTRO,
    ...PROFILES.flatMap((profile) => [
      `## ${profile.name}`,
      table(
        ['what', 'value', 'source'],
        RULES.map(([name, of]) => [name, ...of(profile)]),
      ),
    ]),
    '## When bind() fails',
    'To the same address and port, by what the old socket there is and which of both sockets has SO_REUSEADDR; the last column: both have SO_REUSEPORT and one owner.',
    table(
      ['system', 'old socket', 'neither', 'new only', 'old only', 'both', 'SO_REUSEPORT'],
      PROFILES.flatMap(({ name, bind }) => OLD_SOCKETS.map((old) => [name, old, ...bindCells(bind[old])])),
    ),
    PROFILES.map(({ name, sources }) => `- ${name}: ${sources.bind}.`).join('\n'),
  ].join('\n\n')}\n`;
}

function bindCells({ neither, newOnly, oldOnly, both, bothReusePort }: BindFails): string[] {
  return [neither, newOnly, oldOnly, both, bothReusePort].map((fails) =>
    fails === null ? 'not known' : fails ? 'fails' : 'works',
  );
}

function range(from: number, to: number): string {
  return from === to ? seconds(from) : `${seconds(from)}, at the latest ${seconds(to)}`;
}

function seconds(ns: number): string {
  return `${ns / 1e9} s`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
