import { type InterfaceInfo, listInterfaces } from '../live/interfaces.ts';
import { styleOf } from '../output/style.ts';
import { layOut } from '../output/table.ts';
import { EXIT_DONE, EXIT_NOTHING } from './errors.ts';
import { type ColorChoice, outputWidth, wantsColor, writeOut } from './terminal.ts';

export const INTERFACES_FORMATS = ['text', 'json'] as const;

export interface InterfacesFlags {
  format?: (typeof INTERFACES_FORMATS)[number];
  color: ColorChoice;
}

/** `teardown interfaces` @returns the exit code: 1 where there is none on which we could capture */
export async function interfacesCommand({ format, color }: InterfacesFlags): Promise<number> {
  const all = await listInterfaces();
  writeOut([format === 'json' ? `${JSON.stringify(all, null, 2)}\n` : interfacesText(all, wantsColor(color))]);
  return all.some(({ backend }) => backend !== null) ? EXIT_DONE : EXIT_NOTHING;
}

/** The interfaces as a table, and what to do where we may not capture. */
export function interfacesText(all: readonly InterfaceInfo[], color: boolean): string {
  const { bold, dim } = styleOf(color);
  const table = layOut(
    [
      { title: 'INTERFACE', cells: all.map(({ name }) => name) },
      { title: 'STATE', cells: all.map(stateOf) },
      { title: 'CAPTURE', cells: all.map(captureOf), shrink: { first: 40, last: 12 } },
      { title: 'ADDRESSES', cells: all.map(({ addresses }) => addresses.join(' ')), shrink: { first: 24, last: 12 } },
      {
        title: 'DESCRIPTION',
        cells: all.map(({ description }) => description ?? ''),
        shrink: { first: 20, last: 10 },
        drop: 1,
      },
    ],
    outputWidth(),
    bold,
  );
  const rows = table.rows.map((row, i) => (all[i]?.backend === null ? dim(row) : row));
  const first = all.find(({ backend }) => backend !== null);
  const hint =
    first === undefined
      ? 'To capture nonetheless: sudo tcpdump -i INTERFACE -w - | teardown -'
      : `As in: teardown live -i ${first.name} tcp port 443`;
  return `${[...table.header, ...rows, '', hint].join('\n')}\n`;
}

function stateOf({ up, loopback }: InterfaceInfo): string {
  const state = up === null ? 'unknown' : up ? 'up' : 'down';
  return loopback ? `${state}, loopback` : state;
}

function captureOf({ backend, reason }: InterfaceInfo): string {
  return backend === null ? `no: ${reason ?? 'not known why'}` : `with ${backend}`;
}
