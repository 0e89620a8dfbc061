/** The blocks of the screen: which rows and columns each has, and its words where there is nothing to show. */

import type { Service } from '../../report/services.ts';
import type { Finding } from '../../report/types.ts';
import { type LingeringSocket, MOST_LINGERING, MOST_PORTS, type TimeWaitPort } from '../../watch/view.ts';
import { addressPort, plural } from '../../words.ts';
import { type Block, block } from './block.ts';
import { CONNECTIONS } from './connections.ts';
import type { Column } from './grid.ts';
import type { BlockName } from './state.ts';
import { age, amount, left, timeOfDay } from './text.ts';

/** Nothing at all stands back. */
function number<Row>(title: string, width: number, keep: number, value: (row: Row) => number): Column<Row> {
  return {
    title,
    width,
    keep,
    align: 'right',
    text: (row, room) => amount(value(row), room),
    paint: (row, { dim }) => (value(row) === 0 ? dim : (text) => text),
  };
}

/** The server's share is what fills its ports: emphasised where it is most. */
const SERVICES = block<Service>({
  name: 'services',
  title: () => 'who closes first',
  rows: ({ services }) => services.services,
  columns: () => [
    { title: '', width: 20, grows: 1, most: 48, keep: 9, text: addressPort },
    number('connections', 11, 4, ({ flows }) => flows),
    number('client', 7, 6, ({ client }) => client),
    {
      ...number<Service>('server', 7, 7, ({ server }) => server),
      paint: ({ server, client }, { state, dim }) =>
        server > client ? state.TIME_WAIT : server === 0 ? dim : (text) => text,
    },
    number('both', 5, 3, ({ both }) => both),
    {
      ...number<Service>('RST', 6, 5, ({ reset }) => reset),
      paint: ({ reset }, { alarm, dim }) => (reset > 0 ? alarm : dim),
    },
    number('unknown', 7, 2, ({ unknown }) => unknown),
    number('not closed', 10, 1, ({ notClosed }) => notClosed),
  ],
  key: addressPort,
  facts: (service) => [addressPort(service)],
  empty: () => 'no connection has ended yet',
  below: ({ services: { others } }) =>
    others === 0 ? null : `and ${plural(others, 'connection')} of services that are not counted by name`,
  open: (service) => ({ filter: addressPort(service) }),
});

/** "~" is the tool's mark for what a system's timers are taken to be. */
function countdown(at: (port: TimeWaitPort) => number, now: number): (port: TimeWaitPort) => string {
  return (port) => {
    const text = left(at(port) - now);
    return port.basis === 'assumed' && text !== 'now' ? `~${text}` : text;
  };
}

const PORTS = block<TimeWaitPort>({
  name: 'ports',
  title: () => 'TIME_WAIT by local port',
  most: MOST_PORTS,
  rows: ({ timeWait }) => timeWait,
  columns: ({ now }) => [
    { title: '', width: 23, grows: 1, most: 48, keep: 9, text: portName },
    { title: 'end', width: 6, keep: 2, text: ({ side }) => side },
    {
      ...number<TimeWaitPort>('sockets', 7, 8, ({ sockets }) => sockets),
      paint: (_, { state }) => state.TIME_WAIT,
    },
    { title: 'first free in', width: 13, keep: 5, align: 'right', text: countdown(({ firstFree }) => firstFree, now) },
    { title: 'last free in', width: 12, keep: 7, align: 'right', text: countdown(({ lastFree }) => lastFree, now) },
    { title: 'at', width: 8, keep: 1, align: 'right', text: ({ lastFree }) => timeOfDay(lastFree) },
  ],
  key: (port) => `${portName(port)} ${port.side}`,
  facts: (port) => [portName(port), port.side],
  empty: () => 'no socket is in TIME_WAIT',
  below: ({ timeWait }) =>
    timeWait.some(({ basis }) => basis === 'assumed')
      ? "~ by the timers that the port's system is assumed to have"
      : null,
  open: ({ address, port }) => ({ filter: port === null ? address : addressPort({ address, port }) }),
});

/** Of a client all its ports. */
function portName({ address, port }: TimeWaitPort): string {
  return port === null ? `${address} (its ports)` : addressPort({ address, port });
}

const LINGERING = block<LingeringSocket>({
  name: 'lingering',
  title: () => 'lingering',
  most: MOST_LINGERING,
  rows: ({ lingering }) => lingering,
  columns: ({ now }) => [
    { title: '', width: 21, grows: 2, most: 48, keep: 9, text: ({ local }) => local },
    { title: 'peer', width: 15, grows: 1, most: 48, keep: 3, text: ({ peer }) => peer },
    { title: 'state', width: 10, keep: 8, text: ({ state }) => state, paint: (row, { state }) => state[row.state] },
    { title: 'for', width: 11, keep: 7, align: 'right', text: ({ since }) => age(now - since) },
    { title: 'process', width: 11, grows: 1, most: 28, keep: 5, text: processName },
    { title: 'end', width: 6, keep: 1, text: ({ side }) => side },
  ],
  key: ({ local, peer, side }) => `${local} ${peer} ${side}`,
  facts: (row) => [row.local, row.peer, row.state, row.side, ...(row.holder === null ? [] : [processName(row)])],
  empty: () => 'nobody is in FIN_WAIT_2, nobody in CLOSE_WAIT',
  open: ({ id, local }) => (id === null ? { filter: local } : { flow: id }),
});

function processName({ holder }: LingeringSocket): string {
  return holder === null ? '?' : `${holder.name} ${holder.pid}`;
}

const SEVERITY = 'critical'.length;

const FINDINGS = block<Finding>({
  name: 'findings',
  title: ({ now, findingsAt }) =>
    `findings${findingsAt === null || now - findingsAt < 10_000 ? '' : `, as of ${age(now - findingsAt)} ago`}`,
  rows: ({ findings }) => findings,
  columns: ({ now }) => [
    {
      title: '',
      width: 24,
      grows: 1,
      keep: 9,
      prose: true,
      text: ({ severity, title }) => `${severity.padEnd(SEVERITY)}  ${title}`,
      paint: (row, style) => (text) => style.severity[row.severity](text.slice(0, SEVERITY)) + text.slice(SEVERITY),
    },
    { title: 'since', width: 11, keep: 8, align: 'right', text: ({ at, until }) => agoOf(at ?? until, now) },
  ],
  key: ({ rule, endpoint }) => `${rule} ${endpoint ?? ''}`,
  // No facts: a filter must not hide what is wrong.
  empty: ({ findingsAt }) => (findingsAt === null ? 'not judged yet' : 'nothing to worry about was found'),
  open: (finding) => ({ pager: { of: 'finding', finding } }),
});

function agoOf(time: string | null, now: number): string {
  if (time === null) return '?';
  const at = Date.parse(time);
  return Number.isFinite(at) ? age(now - at) : '?';
}

export const BLOCK: Record<BlockName, Block> = {
  services: SERVICES,
  ports: PORTS,
  lingering: LINGERING,
  findings: FINDINGS,
  connections: CONNECTIONS,
};
