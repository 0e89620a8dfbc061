/** Zeek's history and conn_state, against the baselines of Zeek's own tests (the shared corpus's *.zeek.json). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Flow } from '../../src/report/types.ts';
import { itShared } from '../support/shared.ts';

interface Row {
  proto: string;
  conn_state: string;
  history: string;
  'id.orig_h': string;
  'id.orig_p': number;
  'id.resp_h': string;
  'id.resp_p': number;
}

interface Expected {
  capture: string;
  baselines: { baseline: string; rows: Row[] }[];
}

/** Where we differ from a baseline, and why. */
const ANALYZER = "X: one of Zeek's analyzers gave up; we have none";
const POWERS = 'Zeek repeats T at the 10th, 100th, ... retransmission, in each direction; we write each letter once';
const SHUNTED = 'the test makes Zeek drop packets after the handshake';
const ATTEMPT = 'Zeek gives an unanswered SYN up after 5 s and calls what follows another connection; we keep the flow';
const LINGER = 'Zeek ends a connection 5 s after its close and calls late packets another; we keep the flow';
const UNSTARTED = "a lone SYN-ACK: Zeek's baseline has no history, which its other tests do have for one";
const DIFFERENT: Record<string, string> = {
  'zeek__ftp.fake-long-commands.pcap': ANALYZER,
  'zeek__pppoe-over-qinq.pcap': POWERS,
  'zeek__smtp.pcap': SHUNTED,
  'zeek__ssh.ssh.client-side-half-duplex.pcap': ATTEMPT,
  'zeek__tunnels.Teredo.pcap': LINGER,
  'zeek__tunnels.gtp.gtp2_different_udp_port.pcap': ANALYZER,
  'zeek__vntag_vlan_sandwich_clean.pcap': UNSTARTED,
};

itShared(
  "history and conn_state are Zeek's, for every flow of its baselines that we find",
  ['corpus'],
  async (corpus) => {
    const names = readdirSync(join(corpus, 'expected')).filter((name) => name.endsWith('.zeek.json'));
    const wrong: string[] = [];
    const differing = new Set<string>();
    let compared = 0;
    for (const name of names) {
      const expected = JSON.parse(readFileSync(join(corpus, 'expected', name), 'utf8')) as Expected;
      const { flows } = await analyze([join(corpus, expected.capture)]);
      for (const { baseline, rows } of expected.baselines) {
        const left = [...flows];
        for (const row of rows) {
          const index = row.proto === 'tcp' ? left.findIndex((flow) => isSame(flow, row)) : -1;
          const [flow] = index < 0 ? [] : left.splice(index, 1);
          if (flow === undefined) continue;
          compared++;
          const [ours, theirs] = [`${flow.connState} ${flow.history}`, `${row.conn_state} ${row.history}`];
          if (ours === theirs) continue;
          if (expected.capture in DIFFERENT) differing.add(expected.capture);
          else wrong.push(`${expected.capture}, ${baseline}: ${ours}, and Zeek says ${theirs}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(Object.keys(DIFFERENT).filter((capture) => !differing.has(capture))).toEqual([]);
    expect(compared).toBeGreaterThan(70);
  },
);

/** The same ends, whoever is client: that too is compared, by the case of the letters. */
function isSame({ client, server }: Flow, row: Row): boolean {
  const ends = [`${client.address} ${client.port}`, `${server.address} ${server.port}`].sort().join();
  return [`${row['id.orig_h']} ${row['id.orig_p']}`, `${row['id.resp_h']} ${row['id.resp_p']}`].sort().join() === ends;
}
