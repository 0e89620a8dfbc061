/** What filters find through the page's flows is what they find in the report's. */
import { expect, it } from 'vitest';
import { decodeFlows, encodeFlows } from '../../../../src/output/html/data/flows.ts';
import { FIELDS, parseWhere } from '../../../../src/where/where.ts';
import { exampleFlow } from '../../example.ts';
import { capturesUnder, flowsOf } from './captures.ts';

const EXPRESSIONS = [
  'closer==server && finwait2>5s',
  'endpoints.client.states.state==TIME_WAIT || endpoints.server.states.state==TIME_WAIT',
  'endpoints.server.states.state==CLOSE_WAIT && !endpoints.client.states.open',
  'notes contains fin',
  'notes==null',
  'notes!=gap',
  'reset.cause==refused || reset.cause==linger-zero',
  'reset.frame>10 && reset.why contains SYN',
  'reset==null',
  'endpoints.client.timeWait.endedBy==reuse || endpoints.server.timeWait.endedBy==timer',
  'endpoints.client.timeWait.restarts>0',
  'client==10.0.0.1:80 || server.port==9091',
  'addr==10.0.0.0/8 && port in {80, 443, 1024..65535}',
  'timewait>=60s',
  'closewait>1s or lastack>0.0001',
  'reuse.inTimeWait',
  'communityId contains A',
  'bytes.client>1000 && packets.server<20',
  'firstPacket>2024-01-01',
  'history contains F',
  'wiresharkFilter contains ipv6',
  'encapsulation!=null',
  'comparison==null',
  'rtt.client<0.001',
];

it('by any expression', async () => {
  const lists = [];
  for (const path of capturesUnder('fixtures')) lists.push(await flowsOf(path));
  const flows = lists
    .flat()
    .map((flow, i) => ({ ...flow, id: i + 1, ...(i % 50 === 7 ? { history: `${flow.history}?` } : {}) }));
  // One that does not fit is filtered too.
  flows.push(exampleFlow({ id: flows.length + 1, closedAt: 'never' }));
  const store = decodeFlows(encodeFlows(flows));
  const each = FIELDS.map(({ name }) => name);
  expect(each.length).toBeGreaterThan(50);
  for (const text of [...EXPRESSIONS, ...each, ...each.map((name) => `${name}==null`)]) {
    const where = parsed(text);
    if (where === null) continue;
    const expected = flows.filter((flow) => where.matches(flow)).map(({ id }) => id);
    const found = flows.flatMap((_, i) => (where.matches(store.peek(i)) ? [store.peek(i).id] : []));
    expect(found, text).toEqual(expected);
  }
});

/** Null for what is no expression, as an object alone is. */
function parsed(text: string) {
  try {
    return parseWhere(text);
  } catch (error) {
    if (EXPRESSIONS.includes(text)) throw error;
    return null;
  }
}
