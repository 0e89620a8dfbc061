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
  /** 'undecidable': the packets at this point don't tell; 'open': they do, and we don't read them so yet */
  verdict: 'undecidable' | 'open';
  why: string;
}

const ORPHAN_TIMER =
  "tcp_fin_timeout was 3 s: the orphan's FIN_WAIT_2 had ended before the data came that drew the RST. A FIN_WAIT_2 that " +
  'is still there draws the same RST; with --fin-timeout 3 it is read rightly (kernel.test.ts)';
const LOST_BEFORE_CAPTURE =
  'the first FIN was lost before it reached the capture point. Its time is nowhere in the packets, but the gap in the IP ' +
  'identifications of its sender tells that a segment is missing: the spans are bounds';
const JITTER = "one segment was held up on its way for longer than the flow's smallest round trip";

/** Where our reading differs from the kernels'. A test fails when one of these disappears, so that the list stays true. */
export const KNOWN: KnownDifference[] = [
  ...both('big', { aspect: 'duration', endpoint: 'client', state: 'FIN_WAIT_2' }, 44, 'undecidable', ORPHAN_TIMER),
  ...both(
    'orphan_fw2_timeout_data',
    { aspect: 'duration', endpoint: 'client', state: 'FIN_WAIT_2' },
    1,
    'undecidable',
    ORPHAN_TIMER,
  ),
  known(
    'big/client.pcap',
    { aspect: 'duration', endpoint: 'server', state: 'CLOSE_WAIT' },
    22,
    'open',
    LOST_BEFORE_CAPTURE,
  ),
  known(
    'big/client.pcap',
    { aspect: 'duration', endpoint: 'server', state: 'LAST_ACK' },
    22,
    'open',
    LOST_BEFORE_CAPTURE,
  ),
  known(
    'big/server.pcap',
    { aspect: 'duration', endpoint: 'client', state: 'FIN_WAIT_1' },
    23,
    'open',
    LOST_BEFORE_CAPTURE,
  ),
  known(
    'lost_first_fin/server.pcap',
    { aspect: 'duration', endpoint: 'client', state: 'FIN_WAIT_1' },
    1,
    'open',
    LOST_BEFORE_CAPTURE,
  ),
  known('big/client.pcap', { aspect: 'duration', endpoint: 'server', state: 'FIN_WAIT_1' }, 2, 'undecidable', JITTER),
  known('big/server.pcap', { aspect: 'duration', endpoint: 'client', state: 'CLOSE_WAIT' }, 2, 'undecidable', JITTER),
  known(
    'cut_last_ack/client.pcap',
    { aspect: 'states', endpoint: 'server' },
    1,
    'undecidable',
    "the path was cut: none of the server's FINs reached this capture point",
  ),
  ...both(
    'middlebox_rst_both',
    { aspect: 'reset sender' },
    1,
    'open',
    'a forged RST with the right TTL: its IP identification is not the next of the end in whose name it came',
  ),
  known(
    'middlebox_idle/client.pcap',
    { aspect: 'closer' },
    6,
    'undecidable',
    "the end that this capture shows began with RSTs whose TTL is not the server's: who made them is unknown; the server closed behind them",
  ),
  known(
    'middlebox_idle/client.pcap',
    { aspect: 'states', endpoint: 'server' },
    6,
    'undecidable',
    "the middlebox had forgotten the connections: it dropped the server's FINs before this capture point",
  ),
];

type Place = Pick<KnownDifference, 'aspect' | 'endpoint' | 'state'>;
type Verdict = KnownDifference['verdict'];

function known(capture: string, place: Place, times: number, verdict: Verdict, why: string): KnownDifference {
  return { capture, ...place, times, verdict, why };
}

/** The same at the client's and at the server's capture point. */
function both(name: string, place: Place, times: number, verdict: Verdict, why: string): KnownDifference[] {
  return ['client', 'server'].map((point) => known(`${name}/${point}.pcap`, place, times, verdict, why));
}
