import type { Side } from '../../src/report/types.ts';
import type { Aspect } from './compare.ts';

export interface KnownDifference {
  /** "case/file" */
  capture: string;
  aspect: Aspect;
  endpoint?: Side;
  state?: string;
  /** connections in which it shows */
  times: number;
  why: string;
}

const JITTER = "one segment was held up on its way for longer than the flow's smallest round trip";

/** Where our reading differs from the kernels', as the packets don't tell (docs/differences.md). A test fails when one of these disappears. */
export const KNOWN: KnownDifference[] = [
  known('big/client.pcap', { aspect: 'duration', endpoint: 'server', state: 'FIN_WAIT_1' }, 2, JITTER),
  known('big/server.pcap', { aspect: 'duration', endpoint: 'client', state: 'CLOSE_WAIT' }, 2, JITTER),
  known(
    'cut_last_ack/client.pcap',
    { aspect: 'states', endpoint: 'server' },
    1,
    "the path was cut: none of the server's FINs reached this capture point",
  ),
  known(
    'middlebox_idle/client.pcap',
    { aspect: 'closer' },
    6,
    "the end that this capture shows began with RSTs whose TTL is not the server's: who made them is unknown; the server closed behind them",
  ),
  known(
    'middlebox_idle/client.pcap',
    { aspect: 'states', endpoint: 'server' },
    6,
    "the middlebox had forgotten the connections: it dropped the server's FINs before this capture point",
  ),
];

type Place = Pick<KnownDifference, 'aspect' | 'endpoint' | 'state'>;

function known(capture: string, place: Place, times: number, why: string): KnownDifference {
  return { capture, ...place, times, why };
}
