/** Findings on failed attempts that are alike for refused and unanswered SYNs: those of many services. */

import { count, list, plural } from '../words.ts';
import { clientsOf } from './attempts.ts';
import type { Context } from './context.ts';
import { earliest, latest } from './groups.ts';
import { type Draft, EVIDENCE } from './rule.ts';

type How = 'refused' | 'not answered';

/** Of the services beyond those with a finding each. */
export function restOf(context: Context, rest: readonly [number, number[]][], how: How): Draft[] {
  if (rest.length === 0) return [];
  const rows = rest.flatMap(([, all]) => all);
  const names = list(rest.slice(0, 5).map(([service]) => context.service(service)));
  return [
    {
      ...draftOf(context, rows),
      title: `${plural(rows.length, 'connection attempt was', 'connection attempts were')} ${how} by ${plural(rest.length, 'more service')}`,
      because: `Beside those above, ${count(rest.length)} addresses and ports did not take a connection, such as ${names}: ${plural(rows.length, 'attempt was', 'attempts were')} ${how}, of ${plural(clientsOf(context, rows).length, 'client')}.`,
      doThis: ['See whether they have a client, or a rule, in common: their flows are named here.'],
      confidence: 'certain',
      endpoint: null,
    },
  ];
}

/** Of clients that tried many services, each hardly more than once: one finding. */
export function scanDraft(context: Context, scans: readonly [number, number[]][], how: How): Draft[] {
  const [first] = scans;
  if (first === undefined) return [];
  const rows = scans.flatMap(([, all]) => all);
  const services = new Set(rows.map((row) => context.lifetimes.service(row)));
  // Those without a number are counted as one.
  const many = `${services.has(-1) ? 'more than ' : ''}${count(services.size)} addresses and ports`;
  const clients = list(
    scans.map(([client]) => context.client(client)),
    3,
  );
  return [
    {
      ...draftOf(context, rows),
      title: `${clients} tried ${many} at which it was ${how}: a scan, or peer-to-peer`,
      because: `${plural(rows.length, 'connection attempt')} of ${clients} to ${many} ${rows.length === 1 ? 'was' : 'were'} ${how}, hardly any address often. A port scan, a monitor that sweeps the network, or peer-to-peer software that tries old peers looks so; a broken service does not.`,
      doThis: [
        'See which program on that host does it: `ss -tnp state syn-sent` while it runs.',
        'Leave it out of the analysis with `--where`, if it is known.',
      ],
      confidence: 'likely',
      endpoint: scans.length === 1 ? context.client(first[0]) : null,
    },
  ];
}

function draftOf(
  context: Context,
  rows: readonly number[],
): Pick<Draft, 'severity' | 'flows' | 'flowCount' | 'frames' | 'at' | 'until'> {
  const { lifetimes } = context;
  const flows = rows.slice(0, EVIDENCE).map((row) => lifetimes.id(row));
  return {
    severity: 'info',
    flows,
    flowCount: rows.length,
    frames: flows.flatMap((id) => context.frames(id)),
    at: earliest(rows.map((row) => lifetimes.opened(row))),
    until: latest(rows.map((row) => lifetimes.opened(row))),
  };
}
