/** Where our reading may differ from the kernel's in these scenarios. test/cases/known.ts is the strict list, of recorded captures. */

import type { Aspect, Difference } from '../cases/compare.ts';

interface Known {
  scenarios: RegExp;
  aspects: readonly Aspect[];
  /** 'undecidable': the packets don't tell; 'open': they do, and we don't read them so yet */
  verdict: 'undecidable' | 'open';
  why: string;
}

export const KNOWN: readonly Known[] = [
  {
    scenarios: /^(lost_first_fin|two_fins_lost|second_fin_lost|both_fins_lost|one_of_crossing_fins_lost)$/,
    aspects: ['closer', 'time-wait', 'states', 'duration'],
    verdict: 'open',
    why: 'a FIN was lost before the capture point. That a segment is missing shows in the IP identifications of its sender',
  },
  {
    scenarios: /^ack_of_fin_late$/,
    aspects: ['duration'],
    verdict: 'undecidable',
    why: 'the acknowledgement was held up behind the capture point',
  },
  {
    scenarios: /^(fin_wait_2_expired|fin_wait_2_late_fin)$/,
    aspects: ['duration'],
    verdict: 'undecidable',
    why: 'tcp_fin_timeout was 3 s; an orphan that is still there draws the same RST',
  },
  {
    scenarios: /^zero_window_reset$/,
    aspects: ['closer', 'states'],
    verdict: 'undecidable',
    why: 'the FIN waited behind data until the RST came: it was never sent',
  },
  {
    scenarios: /^(closes_.*|both_send_and_close)$/,
    aspects: ['closer', 'duration'],
    verdict: 'open',
    why: "an RST and a FIN, or two RSTs, crossed: who began is read from the capture's order, and an end's own RST doesn't end it",
  },
  {
    scenarios: /^peer_gone$/,
    aspects: ['closer', 'states', 'duration'],
    verdict: 'open',
    why: "an orphan's FIN_WAIT_1 ends unseen: the RST that answers a later FIN shows that it had ended. At the server no FIN was seen",
  },
  {
    scenarios: /^assassination$/,
    aspects: ['duration'],
    verdict: 'open',
    why: 'the FIN that came again was a copy, as its timestamp and the RST that answered its ACK show',
  },
  {
    scenarios: /^(data_lost_before_fin|data_overtaken_by_fin)$/,
    aspects: ['duration'],
    verdict: 'open',
    why: 'before the capture point nothing was missing: the FIN took effect at the far end when the data before it was sent again',
  },
  {
    scenarios: /^fin_held$/,
    aspects: ['duration', 'states', 'time-wait'],
    verdict: 'open',
    why: 'the FIN that came first was the retransmission: the other has an older timestamp',
  },
  {
    scenarios: /^acks_of_crossing_fins_lost$/,
    aspects: ['states', 'duration'],
    verdict: 'open',
    why: 'the timestamp that the second transmission of a FIN echoes tells that the first of the other had arrived',
  },
  {
    scenarios: /^fast_open$/,
    aspects: ['duration'],
    verdict: 'open',
    why: 'the server closed in SYN_RECEIVED: its FIN came a round trip before it can have had the ACK of the handshake',
  },
  {
    scenarios: /^forged_reset$/,
    aspects: ['reset sender'],
    verdict: 'open',
    why: 'it has no timestamp, unlike all that its sender sent, and its IP identification is not the next',
  },
  {
    scenarios: /^forged_(syn|fin)$/,
    aspects: ['flows', 'duration', 'bound', 'reset sender'],
    verdict: 'open',
    why: "a SYN that is challenged opens a flow of its own; a forged FIN is taken for its owner's",
  },
];

export function isKnown(scenario: string, { aspect }: Difference): boolean {
  return KNOWN.some(({ scenarios, aspects }) => scenarios.test(scenario) && aspects.includes(aspect));
}
