import { count, list, percent, plural, sentence } from '../words.ts';
import type { Context } from './context.ts';
import type { Rule } from './rule.ts';

/** Share of packets or connections from which a fault of the capture makes its verdicts uncertain. */
const MUCH = 0.01;
const HALF = 0.5;
/** Connections of which so many, and such a share, make a fault worth telling: each capture begins and ends amid some. */
const SOME = 3;
const SHARE = 0.1;
/** Connections that had begun before the capture: that many are ordinary. */
const LATE = 5;

/** What the capture lacks, and what is therefore uncertain. */
export const captureLimits: Rule = {
  name: 'capture-limits',
  title: 'The capture lacks something',
  fires:
    'packets were dropped or are missing, one direction or the pure ACKs are not there, a file is damaged or cut, or there was more than can be kept',
  rfc: null,
  threshold: null,
  explanation: {
    means:
      'A part of the traffic is not in the capture, so some times, states or counts can only be bounds or are not known.',
    why: [
      'tcpdump and the kernel drop packets when the disk or the program is too slow; mirror ports drop them when they are full, often one direction only. A capture filter that lets pass SYN, FIN and RST alone keeps files small, and loses the ACKs by which FIN_WAIT_1 turns into FIN_WAIT_2.',
      'What a capture lacks is never guessed here: where a later segment proves a state, its basis is "inferred"; where nothing does, the field is null.',
    ],
    doThis: [
      'Against drops: `tcpdump -B 8192 -s 128 -w FILE` (a larger buffer, headers only), written to a fast disk; a filter on the ports of interest; `dumpcap` instead of a program that decodes while it captures.',
      'For both directions: capture on the host itself, or let the mirror port copy `both`. Where routing is asymmetric, capture at both places and give both files to one run.',
      'Leave the pure ACKs in: a filter such as `tcp port 443` and a small snaplen cost less than they tell.',
      'Begin to capture before the connections of interest are opened, and go on for 60 s after the last is closed.',
    ],
    wrongAdvice: [],
    unproven: [
      'Packets that a mirror port or a virtual switch has dropped are counted nowhere in the file: only gaps in the sequence numbers show them.',
    ],
  },
  find: (context) => {
    const limits = limitsOf(context);
    const [first, ...others] = limits.toSorted((a, b) => Number(b.isSerious) - Number(a.isSerious));
    if (first === undefined) return [];
    const rest = others.length === 0 ? '' : `, and ${plural(others.length, 'other limit')} of this capture`;
    return [
      {
        severity: first.isSerious ? 'warning' : 'info',
        title: `${sentence(first.title)}${rest}`,
        because: [first, ...others].map(({ title, means }) => `${sentence(title)}: ${means}.`).join(' '),
        doThis: [...new Set([first, ...others].map(({ remedy }) => remedy))],
        confidence: 'certain',
        endpoint: null,
        flows: [],
        flowCount: Math.max(...limits.map(({ flows }) => flows)),
        frames: [],
        at: null,
        until: null,
      },
    ];
  },
};

interface Limit {
  title: string;
  /** what is uncertain by it */
  means: string;
  remedy: string;
  /** the verdicts themselves are uncertain */
  isSerious: boolean;
  /** connections that it concerns, where that is known */
  flows: number;
}

const LESS = 'Capture less, or write faster: `tcpdump -B 8192 -s 128 -w FILE`, with a filter on the ports of interest.';
const BOTH_WAYS =
  'Capture on the host itself, or let the mirror port copy both directions; with asymmetric routes give the captures of both places to one run.';
const AGAIN = 'Copy the file again, or end the capture with Ctrl-C so that its last packets are written.';
const PARTS = 'Analyse it in parts: a filter on the ports of interest (`tcpdump -r FILE -w PART "tcp port 443"`).';

function limitsOf(context: Context): Limit[] {
  const { capture, totals } = context;
  const { flows } = totals;
  const damaged: Limit[] = capture.damage.length === 0 ? [] : [damageLimit(context)];
  if (flows === 0) return damaged;
  return [...damaged, ...packetLimits(context), ...flowLimits(context), ...roomLimits(context)];
}

function damageLimit({ capture, totals }: Context): Limit {
  const files = [...new Set(capture.damage.map(({ file }) => file))];
  const { what } = capture.damage[0]!;
  if (capture.live !== null) {
    return {
      title: `the capture on ${files[0]} ended before its time`,
      means: `${what}; what came after that is not known, and connections that were open then end by it`,
      remedy: 'Capture again once what ended it is mended.',
      isSerious: false,
      flows: totals.byKind.open ?? 0,
    };
  }
  return {
    title: `${files.length === 1 ? 'the file is' : `${count(files.length)} files are`} damaged or cut`,
    means: `${list(files, 3)}: ${what}; what was in that place is not known, and connections that were open there end by it`,
    remedy: AGAIN,
    isSerious: false,
    flows: totals.byKind.open ?? 0,
  };
}

/** What packets the capture lacks. */
function packetLimits({ capture }: Context): Limit[] {
  const { dropped, packets, outOfOrder } = capture;
  const limits: Limit[] = [];
  if (dropped !== null && dropped > 0) {
    const all = packets + dropped;
    limits.push({
      title: `the kernel dropped ${count(dropped)} of ${plural(all, 'packet')} (${percent(dropped, all)})`,
      means:
        'connections without a FIN or RST here may have been closed, a state may have begun earlier than seen, and retransmissions may look like first segments',
      remedy: LESS,
      isSerious: dropped > MUCH * all,
      flows: 0,
    });
  }
  const cut = capture.skipped['cut-before-tcp-header'] ?? 0;
  if (cut >= SOME && cut > MUCH * packets) {
    limits.push({
      title: `${plural(cut, 'packet')} (${percent(cut, packets)}) ended before the TCP header`,
      means: 'the snapshot length was too short, and what these segments did is not known',
      remedy: 'Capture with `-s 128` at least: headers of tunnels and options must fit in.',
      isSerious: cut > SHARE * packets,
      flows: 0,
    });
  }
  if (outOfOrder >= SOME && outOfOrder > MUCH * packets) {
    limits.push({
      title: `${plural(outOfOrder, 'packet')} (${percent(outOfOrder, packets)}) came behind later ones`,
      means:
        'the clock was set back, or several queues or files were written as they came; durations across such a place are wrong by as much',
      remedy: 'Sort by time (`reordercap IN OUT`), or capture with one clock (`tcpdump -j host_hiprec`).',
      isSerious: outOfOrder > SHARE * packets,
      flows: 0,
    });
  }
  return limits;
}

/** What connections lack. */
function flowLimits(context: Context): Limit[] {
  const { flows } = context.totals;
  const limits: Limit[] = [];
  const part = (n: number) =>
    n === flows ? `all ${plural(n, 'connection')}` : `${count(n)} of ${plural(flows, 'connection')}`;
  const oneWay = context.countOf('one-direction');
  if (oneWay >= SOME && oneWay >= SHARE * flows) {
    limits.push({
      title: `only one direction of ${part(oneWay)} was captured`,
      means:
        'who closed first, FIN_WAIT_2 and TIME_WAIT of the silent end follow from the acknowledgements of the other alone, or are not known',
      remedy: BOTH_WAYS,
      isSerious: oneWay >= HALF * flows,
      flows: oneWay,
    });
  }
  const noAcks = context.countOf('no-pure-acks');
  if (noAcks >= SOME && noAcks >= SHARE * flows) {
    limits.push({
      title: `${part(noAcks)} ${noAcks === 1 ? 'has' : 'have'} no pure ACKs here`,
      means:
        'the capture was filtered to SYN, FIN and RST: FIN_WAIT_2 and the shape of the close are not known, and when a FIN was acknowledged neither',
      remedy: 'Leave the pure ACKs in: filter on ports and use a small snaplen instead of a filter on flags.',
      isSerious: noAcks >= HALF * flows,
      flows: noAcks,
    });
  }
  const gaps = context.countOf('gap');
  if (gaps >= SOME && gaps >= SHARE * flows) {
    limits.push({
      title: `in ${part(gaps)} segments were acknowledged that are not in the capture`,
      means: 'packets were lost while capturing, and states that these segments began may be dated too late',
      remedy: LESS,
      isSerious: gaps >= HALF * flows && flows >= 10,
      flows: gaps,
    });
  }
  const late = context.countOf('midstream');
  if (late >= LATE && late >= HALF * flows) {
    limits.push({
      title: `${part(late)} had begun before the capture`,
      means:
        'their round-trip times, and sometimes which end is the client, are not known, and states at a far end carry no bound',
      remedy: 'Begin to capture before the connections are opened.',
      isSerious: false,
      flows: late,
    });
  }
  return limits;
}

/** What was more than can be kept. */
function roomLimits({ capture, lifetimes, notablesLeft, services, totals }: Context): Limit[] {
  const limits: Limit[] = [];
  if (capture.flowsGivenUp > 0) {
    limits.push({
      title: `${plural(capture.flowsGivenUp, 'connection')} had to be told of before ${capture.flowsGivenUp === 1 ? 'its' : 'their'} end`,
      means: 'too many were open at once; what came later of one counts as a connection of its own',
      remedy: PARTS,
      isSerious: capture.flowsGivenUp > MUCH * totals.flows,
      flows: capture.flowsGivenUp,
    });
  }
  if (services.others > 0) {
    limits.push({
      title: `${plural(services.others, 'connection')} of services beyond the most that can be told apart`,
      means:
        'addresses and ports that came later than those have no findings and no ledger: a scan, or a flood, has so many',
      remedy: PARTS,
      isSerious: false,
      flows: services.others,
    });
  }
  const left = Math.max(lifetimes.left, notablesLeft);
  if (left > 0) {
    limits.push({
      title: `findings know only a part of ${plural(totals.flows, 'connection')}`,
      means: `${count(left)} more than can be kept for them: their counts are lower bounds, the totals are exact`,
      remedy: PARTS,
      isSerious: false,
      flows: left,
    });
  }
  return limits;
}
