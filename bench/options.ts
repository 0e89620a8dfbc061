/** The benchmark's command line. */

import { parseArgs } from 'node:util';
import { DEFAULT_COUNT, isKind, KINDS, type KindName } from './capture.ts';

export const USAGE = `npm run bench -- [options]

  --kind KIND       short-connections (default), bulk or flood
  --flows N         connections in the capture (short-connections, flood), 1,000,000 by default
  --packets N       packets in the capture (bulk), 1,000,000 by default
  --runs N          measured runs of each command, 5 by default
  --command "..."   measure this command instead of this build's analyze; the word FILE stands for the capture
  --min-ratio X     end with 1 if the median ratio is below X
  --json            print the figures as JSON
  --help            print this
`;

export interface Options {
  kind: KindName;
  /** flows or packets, as the kind counts */
  count: number;
  runs: number;
  /** words of the command to be measured, null for this build */
  command: string[] | null;
  minRatio: number | null;
  json: boolean;
  help: boolean;
}

/** What is wrong with the arguments. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseOptions(args: string[]): Options {
  const { values } = parse(args);
  const kind = values.kind ?? 'short-connections';
  if (!isKind(kind)) throw new UsageError(`--kind ${kind}: is one of ${Object.keys(KINDS).join(', ')}`);
  const { unit, least } = KINDS[kind];
  const stray = unit === 'flows' ? 'packets' : 'flows';
  if (values[stray] !== undefined) throw new UsageError(`--${stray}: a ${kind} capture is sized by --${unit}`);
  const command = values.command?.split(/\s+/).filter((word) => word !== '') ?? null;
  if (command !== null && !command.includes('FILE')) {
    throw new UsageError('--command: needs the word FILE where the capture is to stand');
  }
  return {
    kind,
    count: wholeNumber(`--${unit}`, values[unit], DEFAULT_COUNT, least),
    runs: wholeNumber('--runs', values.runs, 5, 1),
    command,
    minRatio: values['min-ratio'] === undefined ? null : positive('--min-ratio', values['min-ratio']),
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        kind: { type: 'string' },
        flows: { type: 'string' },
        packets: { type: 'string' },
        runs: { type: 'string' },
        command: { type: 'string' },
        'min-ratio': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > 0x7fff_ffff) {
    throw new UsageError(`${name} ${text}: must be a whole number, ${least} or more`);
  }
  return value;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new UsageError(`${name} ${text}: must be a number above 0`);
  return value;
}
