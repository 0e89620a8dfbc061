import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { compare } from '../../src/compare.ts';
import { differences } from '../cases/compare.ts';
import { addressOf, casesIn, readTruth, secondsOf } from '../cases/truth.ts';

it('all', async () => {
  for (const kind of ['cases', 'stories']) {
    const root = join(process.env['TEARDOWN_SHARED']!, kind);
    for (const name of casesIn(root)) {
      const folder = join(root, name);
      if (!existsSync(join(folder, 'server.pcap'))) continue;
      const truth = readTruth(folder) as any;
      const start = performance.now();
      const report = await compare(join(folder, 'client.pcap'), join(folder, 'server.pcap'));
      const ms = performance.now() - start;
      const found = differences(truth, 'client+server', report);
      const alone = report.flows.filter((f) => f.notes.some((n) => n.startsWith('only-in')));
      // losses
      const events = (truth.network_events ?? []).filter((e: any) => e.act === 'drop' || e.act === 'cut');
      const t = [0, 0, 0, 0];
      for (const e of events) t[e.dir === 'c2s' ? 0 : 1]!++;
      for (const f of report.flows) {
        t[2]! += f.comparison!.lost.toServer ?? 0;
        t[3]! += f.comparison!.lost.toClient ?? 0;
      }
      const nulls = report.flows.filter(
        (f) => f.comparison!.lost.toServer === null || f.comparison!.lost.toClient === null,
      ).length;
      const c = report.flows[0]?.comparison;
      const origins = report.flows.reduce((m: any, f) => {
        const o = f.comparison!.resetOrigin;
        if (f.reset) m[String(o)] = (m[String(o)] ?? 0) + 1;
        return m;
      }, {});
      const bad = t[0] !== t[2] || t[1] !== t[3] ? '  <<<<' : '';
      console.log(
        `${name}: ${report.flows.length}/${truth.connections.length} flows, alone ${alone.length}, lost truth ${t[0]},${t[1]} ours ${t[2]},${t[3]} (${nulls} null)${bad} offset ${c?.offsetSeconds} ± ${c?.plusMinus} drift ${c?.driftPpm} resets ${JSON.stringify(origins)} ${ms.toFixed(0)} ms`,
      );
      for (const d of found.slice(0, 6)) console.log('   DIFF', d.aspect, d.endpoint ?? '', d.state ?? '', d.detail);
      if (found.length > 6) console.log('   ...', found.length);
    }
  }
}, 300000);
