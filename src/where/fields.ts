/** The catalogue of what --where can ask: every path of the flow record, and short names. */

import * as values from './enums.ts';
import { nearest } from './nearest.ts';

/**
 * - `count`: whole number; `port`: 0 to 65535; `number`: any number; `seconds`: a duration; `time`: a moment
 * - `text`: any text; `enum`: one of `Field.values`; `boolean`
 * - `address`: IPv4 or IPv6; `socket`: {address, port}; `object`: only null or not
 */
export type FieldType =
  | 'count'
  | 'port'
  | 'number'
  | 'seconds'
  | 'time'
  | 'text'
  | 'enum'
  | 'boolean'
  | 'address'
  | 'socket'
  | 'object';

export interface Field {
  /** as written in an expression */
  name: string;
  type: FieldType;
  /** one line, with the unit where it isn't in the type */
  help: string;
  /** what an `enum` can be, else empty */
  values: readonly string[];
  /** where its values stand in the flow record */
  paths: readonly (readonly string[])[];
  /** whether the greatest of the values counts, rather than each of them */
  longest: boolean;
}

type Row = readonly [name: string, type: FieldType, help: string, values?: readonly string[]];

function field([name, type, help, enumerated]: Row, paths: readonly string[] = [name], longest = false): Field {
  return { name, type, help, values: enumerated ?? [], paths: paths.map((path) => path.split('.')), longest };
}

function longer(name: string, key: string, state: string): Field {
  const help = `stay in ${state}, the longer of both ends`;
  return field([name, 'seconds', help], [`endpoints.client.${key}`, `endpoints.server.${key}`], true);
}

const SHORT: readonly Field[] = [
  field(['port', 'port', 'port of either end'], ['client.port', 'server.port']),
  field(['addr', 'address', 'address of either end'], ['client.address', 'server.address']),
  field(
    ['closer', 'enum', 'whose FIN, or effective RST, began the end (= initiator)', values.INITIATORS],
    ['initiator'],
  ),
  longer('finwait1', 'finWait1Seconds', 'FIN_WAIT_1'),
  longer('finwait2', 'finWait2Seconds', 'FIN_WAIT_2'),
  longer('closing', 'closingSeconds', 'CLOSING'),
  longer('timewait', 'timeWaitSeconds', 'TIME_WAIT'),
  longer('closewait', 'closeWaitSeconds', 'CLOSE_WAIT'),
  longer('lastack', 'lastAckSeconds', 'LAST_ACK'),
];

const FLOW: readonly Row[] = [
  ['id', 'count', 'number of the flow, in order of the first packet'],
  ['communityId', 'text', 'Community ID 1.0'],
  ['orientation', 'enum', 'how we know which side is the client', values.ORIENTATIONS],
  ['handshake', 'enum', 'what was seen of the three-way handshake', values.HANDSHAKES],
  ['firstPacket', 'time', 'first packet of the flow'],
  ['lastPacket', 'time', 'last packet of the flow'],
  ['kind', 'enum', 'how the flow ended', values.KINDS],
  ['closeShape', 'enum', 'which segments made up the close', values.CLOSE_SHAPES],
  ['initiator', 'enum', 'whose FIN, or effective RST, began the end', values.INITIATORS],
  ['closedAt', 'time', 'acknowledgement of the second FIN, or the effective RST'],
  ['reset', 'object', 'whether RSTs were seen'],
  ['reset.by', 'enum', 'who sent the effective RST', values.RESET_BY],
  ['reset.at', 'time', 'when the effective RST was captured'],
  ['reset.frame', 'count', 'frame number of the effective RST'],
  ['reset.cause', 'enum', 'why the RST was sent', values.RESET_CAUSES],
  ['reset.why', 'text', 'what shows that cause'],
  ['reset.ignored', 'count', 'RSTs that ended nothing'],
  ['reuse', 'object', 'whether the flow took over the 4-tuple of an earlier one'],
  ['reuse.previous', 'count', 'id of the earlier flow on this 4-tuple'],
  ['reuse.gapSeconds', 'seconds', 'gap between the earlier flow and this SYN'],
  ['reuse.inTimeWait', 'boolean', 'whether the earlier flow was still in TIME_WAIT'],
  ['reuse.outcome', 'enum', 'what became of the SYN', values.REUSE_OUTCOMES],
  ['encapsulation', 'object', 'whether there were VLAN tags, MPLS labels or tunnels'],
  ['encapsulation.vlans', 'count', 'VLAN ids, any of them'],
  ['encapsulation.mplsLabels', 'count', 'MPLS labels, any of them'],
  ['encapsulation.tunnels', 'object', 'whether the flow was in a tunnel'],
  ['encapsulation.tunnels.type', 'text', 'kind of tunnel, any of them'],
  ['encapsulation.tunnels.id', 'count', 'VXLAN or Geneve VNI, GRE key, GTP TEID, ..., any of them'],
  ['endpoints', 'object', 'both ends'],
  ['holders', 'object', 'whether it was captured live, where processes that have the sockets may be known'],
  ['holders.side', 'enum', 'whose socket a process has, any of them', values.SIDES],
  ['holders.pid', 'count', 'process that has a socket, any of them'],
  ['holders.name', 'text', 'name of a process that has a socket, any of them'],
  ['holders.socket', 'enum', "whether a process has the connection's socket or listens, any of them", values.HOLDINGS],
  ['holders.state', 'enum', "state of a process's socket, any of them", values.SOCKET_STATES],
  ['holders.at', 'time', 'when a process was seen last, any of them'],
  ['comparison', 'object', 'whether the flow was compared between two captures'],
  ['comparison.offsetSeconds', 'seconds', 'clock of the server capture minus that of the client capture'],
  ['comparison.driftPpm', 'number', 'drift between the two clocks, parts per million'],
  ['comparison.plusMinus', 'seconds', 'bound of the error in the clock offset'],
  ['comparison.lost', 'object', 'whether losses between the two captures are known'],
  ['comparison.lost.toServer', 'count', 'segments lost on the way to the server'],
  ['comparison.lost.toClient', 'count', 'segments lost on the way to the client'],
  ['comparison.resetOrigin', 'enum', 'who sent the RST: an end, or something on the path', values.RESET_ORIGINS],
  ['notes', 'text', 'named oddities, any of them (fin-retransmitted, midstream, gap, ...)'],
  ['history', 'text', "Zeek's history letters (contains tells upper from lower case)"],
  ['connState', 'enum', "Zeek's conn_state", values.CONN_STATES],
  ['wiresharkFilter', 'text', 'display filter for the flow'],
];

const PER_SIDE: readonly Row[] = [
  ['packets', 'count', 'packets sent, duplicates included'],
  ['bytes', 'count', 'payload bytes sent, retransmissions not counted again'],
  ['rtt', 'seconds', 'smallest round trip from the capture point and back'],
];

const ENDPOINT: readonly Row[] = [
  ['role', 'enum', 'part in the close', values.ROLES],
  ['states', 'object', 'whether its states are known'],
  ['states.state', 'enum', 'TCP states passed through, any of them', values.TCP_STATES],
  ['states.from', 'time', 'begin of a state, any of them'],
  ['states.to', 'time', 'end of a state, any of them; null while open'],
  ['states.seconds', 'seconds', 'stay in a state, any of them'],
  ['states.basis', 'enum', 'how a state is known, any of them', values.BASES],
  ['states.open', 'boolean', 'whether a state was still open at the end of the capture, any of them'],
  ['states.plusMinus', 'seconds', 'bound of the error in the stay, any of them'],
  ['states.frames', 'count', 'frame numbers that begin and end a state, any of them'],
  ['finWait1Seconds', 'seconds', 'stay in FIN_WAIT_1'],
  ['finWait2Seconds', 'seconds', 'stay in FIN_WAIT_2'],
  ['closingSeconds', 'seconds', 'stay in CLOSING'],
  ['timeWaitSeconds', 'seconds', 'stay in TIME_WAIT'],
  ['closeWaitSeconds', 'seconds', 'stay in CLOSE_WAIT'],
  ['lastAckSeconds', 'seconds', 'stay in LAST_ACK'],
  ['finAt', 'time', 'first transmission of its FIN'],
  ['finAckedAt', 'time', 'first segment that acknowledges its FIN'],
  ['finRetransmissions', 'count', 'how often its FIN was sent again'],
  ['halfCloseBytes', 'count', 'payload bytes received after its own FIN'],
  ['timeWait', 'object', 'whether it entered TIME_WAIT'],
  ['timeWait.from', 'time', 'begin of TIME_WAIT'],
  ['timeWait.until', 'time', 'earliest end of TIME_WAIT'],
  ['timeWait.untilLatest', 'time', 'latest end of TIME_WAIT'],
  ['timeWait.basis', 'enum', 'how the end of TIME_WAIT is known', values.BASES],
  ['timeWait.restarts', 'count', 'how often the 2MSL timer was restarted'],
  ['timeWait.endedBy', 'enum', 'what ended TIME_WAIT', values.TIME_WAIT_ENDS],
  ['timeWait.frames', 'count', 'frame numbers that began, restarted and ended TIME_WAIT, any of them'],
  ['kernel', 'object', "whether this machine's kernel had its socket (live)"],
  ['kernel.state', 'enum', 'states in which the kernel had the socket, any of them', values.TCP_STATES],
  ['kernel.from', 'time', 'first look that found a state, any of them'],
  ['kernel.to', 'time', 'last look that found a state, any of them'],
  ['kernel.until', 'time', "when the kernel's timer ends a state, any of them"],
];

function sideRows(side: 'client' | 'server'): Row[] {
  return [
    [side, 'socket', `the ${side} as address:port`],
    [`${side}.address`, 'address', `address of the ${side}`],
    [`${side}.port`, 'port', `port of the ${side}`],
    ...PER_SIDE.map(([name, type, help]): Row => [`${name}.${side}`, type, `${side}: ${help}`]),
    [`endpoints.${side}`, 'object', `the ${side}'s end`],
    ...ENDPOINT.map(
      ([name, type, help, enumerated]): Row => [
        `endpoints.${side}.${name}`,
        type,
        `${side}: ${help}`,
        enumerated ?? [],
      ],
    ),
  ];
}

/** Every field, short names first, then paths of the flow record. */
export const FIELDS: readonly Field[] = [
  ...SHORT,
  ...[...FLOW, ...PER_SIDE.map(([name, , help]): Row => [name, 'object', `${help}, by side`])].map((row) => field(row)),
  ...[...sideRows('client'), ...sideRows('server')].map((row) => field(row)),
];

const BY_NAME: ReadonlyMap<string, Field> = new Map(FIELDS.map((entry) => [entry.name, entry]));

/** The field of that exact name. */
export function findField(name: string): Field | undefined {
  return BY_NAME.get(name);
}

/**
 * What a user may have meant by a name that is no field: one that differs by a few letters, or that ends in the same
 * word (`tcp.port`: port; `cause`: reset.cause). Null where nothing is like it.
 */
export function nearestField(name: string): string | null {
  const lastWord = (path: string) => path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  const close = nearest(name, BY_NAME.keys());
  return close ?? FIELDS.find((entry) => lastWord(entry.name) === lastWord(name))?.name ?? null;
}
