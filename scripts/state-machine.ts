/** docs/state-machine.md, printed from the tables in src/tcp. */

import { EVENT_NAMES, type EventName, STATE_NAMES, type StateName } from '../src/tcp/states.ts';
import { STAYS, TRANSITIONS } from '../src/tcp/transitions.ts';

/** Where the page belongs, from the repository's root. */
export const STATE_MACHINE_PAGE = 'docs/state-machine.md';

const MEANINGS: Record<EventName, string> = {
  SEND_SYN: 'it sends a SYN without ACK',
  RECEIVE_SYN: "the peer's SYN without ACK reaches it",
  RECEIVE_SYN_ACK: "the peer's SYN with ACK reaches it",
  RECEIVE_ACK_OF_SYN: 'an acknowledgement of its SYN, in a segment without SYN, reaches it',
  SYNCHRONIZED: 'a segment that only a synchronized connection sends, where the capture has no handshake',
  SEND_FIN: 'it sends its FIN',
  RECEIVE_ACK_OF_FIN: 'an acknowledgement of its FIN reaches it',
  RECEIVE_FIN: "the peer's FIN takes effect: it arrived, and so did everything before it",
  SEND_RST: 'it aborts: it sends an RST, and nothing but RSTs afterwards',
  RECEIVE_RST: 'an RST that RFC 5961 section 3.2 accepts reaches it',
  TIMEOUT: '2MSL have passed, or the FIN_WAIT_2 timer of a socket that no process owns any more',
  REPLACED: 'a SYN for a new connection on the same addresses and ports was accepted',
};

const INTRO = `<!-- Printed from src/tcp/transitions.ts by \`npm run docs\`: edit that file, not this one. -->

# The state machine of an endpoint

Each flow has two of these, one an endpoint, driven by what the capture shows. An event is what happens to *this*
endpoint, from its own point of view: a segment takes effect at its sender when it is sent, and at its receiver when
it arrives, which the sequence and acknowledgement numbers of later segments prove. Within one segment, events are
applied in the order of RFC 9293 section 3.10.7.4: RST, SYN, ACK, FIN. A FIN that acknowledges the peer's FIN
therefore passes FIN_WAIT_2 in zero time, without a rule of its own.

A pair of a state and an event either moves the endpoint to another state (the rows below) or leaves it where it is for
a stated reason (the list at the end). A test checks that every pair is one of the two.`;

const GROUPS = ['Opening', 'Closing', 'Ending'] as const;

function groupOf(event: EventName, to: StateName): (typeof GROUPS)[number] {
  if (to === 'CLOSED' && event !== 'RECEIVE_ACK_OF_FIN') return 'Ending';
  return EVENT_NAMES.indexOf(event) <= EVENT_NAMES.indexOf('SYNCHRONIZED') ? 'Opening' : 'Closing';
}

/** The whole page as Markdown. */
export function stateMachinePage(): string {
  return `${[
    INTRO,
    diagram(),
    '## Events',
    table(
      ['event', 'what happens to the endpoint'],
      EVENT_NAMES.map((event) => [event, MEANINGS[event]]),
    ),
    ...GROUPS.flatMap((group) => [`## ${group}`, rowsOf(group)]),
    '## Every state and every event',
    'What is in capitals is the state that follows; a number is the reason to stay, from the list below.',
    matrix(),
    '## Reasons to stay',
    reasons(),
  ].join('\n\n')}\n`;
}

/** Without the RST's rows, which lead from every state to CLOSED. */
function diagram(): string {
  const rows = TRANSITIONS.filter(([, event]) => event !== 'RECEIVE_RST' && event !== 'SEND_RST');
  const arrows = rows.map(([from, event, to]) => `  ${from} --> ${to}: ${event}`);
  return ['```mermaid', 'stateDiagram-v2', ...arrows, '```'].join('\n');
}

function rowsOf(group: (typeof GROUPS)[number]): string {
  const rows = TRANSITIONS.filter(([, event, to]) => groupOf(event, to) === group);
  return table(
    ['from', 'event', 'to', 'source'],
    rows.map(([from, event, to, source]) => [from, event, to, source]),
  );
}

function matrix(): string {
  const rows = EVENT_NAMES.map((event) => {
    const cells = STATE_NAMES.map((state) => {
      const row = TRANSITIONS.find(([from, on]) => from === state && on === event);
      return row?.[2] ?? String(STAYS.findIndex(([states, on]) => on === event && states.includes(state)) + 1);
    });
    return [event, ...cells];
  });
  return table(['event \\ state', ...STATE_NAMES], rows);
}

function reasons(): string {
  return STAYS.map(([states, event, reason], i) => `${i + 1}. ${event} in ${listed(states)}: ${reason}.`).join('\n');
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
