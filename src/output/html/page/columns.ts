/** The columns of the table: what stands in them, and by what they sort. */

import type { SplitWord } from '../../../decode/split.ts';
import type { Address, Flow } from '../../../report/types.ts';
import { addressPort, duration, secondsBetween } from '../../../words.ts';
import { explanation } from '../../groups.ts';
import { type ClosingState, closedFirst, shapeWords, stay, staySeconds, timeWaitUntil } from '../../meaning.ts';
import { placeWords } from '../../place-words.ts';
import { TERMS } from '../terms.ts';
import { secondsSince } from './clock.ts';

interface Base {
  /** for class names, and to tell columns apart */
  name: string;
  label: string;
  /** what it means, in a sentence */
  help: string;
  /** the state of which it tells */
  state?: ClosingState;
  cell(flow: Flow): string;
}

/** Sorts by value. */
export interface NumberColumn extends Base {
  /** null: not known, or none */
  number(flow: Flow): number | null;
}

/** Sorts by words, in the order of a dictionary with numbers by value; equal ones by `minor`, 0 to 65535. */
export interface WordColumn extends Base {
  /** null: none */
  words(flow: Flow): string | null;
  minor?(flow: Flow): number;
}

export type Column = NumberColumn | WordColumn;

function stayColumn(state: ClosingState): NumberColumn {
  return {
    name: state.toLowerCase().replaceAll('_', '-'),
    label: state,
    help: `${TERMS[state]} The longer stay of both ends.`,
    state,
    cell: (flow) => stay(flow, state).text,
    number: (flow) => staySeconds(flow, state),
  };
}

function endColumn(name: 'client' | 'server', help: string): WordColumn {
  const end = (flow: Flow): Address => flow[name];
  return {
    name,
    label: name,
    help,
    cell: (flow) => addressPort(end(flow)),
    words: (flow) => end(flow).address,
    minor: (flow) => end(flow).port,
  };
}

function known(text: string): string | null {
  return text === '-' ? null : text;
}

/** The later end of both ends' TIME_WAIT. */
function lastUntil({ endpoints: { client, server } }: Flow): string | null {
  const [one, other] = [client.timeWait?.until ?? null, server.timeWait?.until ?? null];
  return one === null || other === null ? (one ?? other) : one > other ? one : other;
}

/**
 * @param reference the capture's first packet: times of its day stand without a date
 * @param splitBy by what flows are told apart beside addresses and ports; empty where no flow tells it
 */
export function columnsFor(reference: string | null, splitBy: readonly SplitWord[]): Column[] {
  const place: WordColumn = {
    name: 'in',
    label: 'in',
    help: 'The VLAN and tunnel, which tell flows apart here.',
    cell: (flow) => placeWords(flow, splitBy),
    words: (flow) => placeWords(flow, splitBy),
  };
  const seconds = secondsSince(reference ?? '1970-01-01T00:00:00.000000000Z');
  return [
    {
      name: 'flow',
      label: 'flow',
      help: 'The number of the connection, in the order of their first packets.',
      cell: ({ id }) => String(id),
      number: ({ id }) => id,
    },
    endColumn('client', 'The end that opened the connection.'),
    endColumn('server', 'The end that was connected to.'),
    ...(splitBy.length > 0 ? [place] : []),
    {
      name: 'closer',
      label: 'closed first',
      help: 'Whose FIN, or RST, began the end of the connection.',
      cell: closedFirst,
      words: (flow) => known(closedFirst(flow)),
    },
    {
      name: 'how',
      label: 'how',
      help: 'Which segments made up the close.',
      cell: (flow) => shapeWords(flow)[0],
      words: (flow) => shapeWords(flow)[0],
    },
    stayColumn('FIN_WAIT_2'),
    stayColumn('TIME_WAIT'),
    {
      name: 'until',
      label: 'TIME_WAIT until',
      help: 'When the later TIME_WAIT ends, by the timers of the system, or what ended it early.',
      cell: (flow) => timeWaitUntil(flow, reference),
      number: (flow) => {
        const until = lastUntil(flow);
        return until === null ? null : seconds(until);
      },
    },
    stayColumn('CLOSE_WAIT'),
    stayColumn('LAST_ACK'),
    stayColumn('FIN_WAIT_1'),
    {
      name: 'lasted',
      label: 'lasted',
      help: 'From the first packet of the connection to its last one.',
      cell: (flow) => duration(secondsBetween(flow.firstPacket, flow.lastPacket)),
      number: (flow) => seconds(flow.lastPacket) - seconds(flow.firstPacket),
    },
    {
      name: 'words',
      label: 'what happened',
      help: 'How the connection ended and what was odd about it.',
      cell: explanation,
      words: explanation,
    },
  ];
}
