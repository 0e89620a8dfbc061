import { expect, test } from 'vitest';
import { parseWhere } from '../../src/where/where.ts';
import { exampleAbortedFlow, exampleFlow } from '../schema/example.ts';
import { describeFlow } from './matching.ts';

const GRACEFUL = exampleFlow();
const ABORTED = exampleAbortedFlow();

describeFlow(
  'IPv4',
  GRACEFUL,
  [
    'addr==10.0.0.5',
    'addr==10.0.0.7',
    'addr==10.0.0.0/8',
    'addr==10.0.0.4/30',
    'addr==0.0.0.0/0',
    'addr!=192.168.0.0/16',
    'client.address==10.0.0.7',
    'client==10.0.0.7:52814',
    'client==10.0.0.7',
    'server==10.0.0.0/24:9091',
    'server!=10.0.0.7:9091',
    'addr in {192.168.0.1, 10.0.0.5}',
    'addr contains "0.0.7"',
    'server contains ":9091"',
  ],
  [
    'addr==10.0.0.8/29',
    'addr!=10.0.0.5',
    'addr!=10.0.0.0/8',
    'client==10.0.0.7:52815',
    'client==10.0.0.5',
    'addr==::/0',
    'addr==::ffff:10.0.0.5',
    'addr==server-1',
  ],
);

describeFlow(
  'IPv6, resets, reuse, tunnels',
  ABORTED,
  [
    'addr==2001:db8::7',
    'addr==2001:0DB8:0:0:0:0:0:0007',
    'addr==[2001:db8::7]',
    'addr==2001:db8::/32',
    'addr==2001:db8::0.0.0.7',
    'client==[2001:db8:0::7]:40000',
    'client==2001:db8::7',
    'server contains "]:443"',
    'reset',
    'reset.by==client && reset.cause==linger-zero && reset.ignored==0',
    'reuse.inTimeWait',
    'reuse.inTimeWait==true',
    'reuse.gapSeconds<3s',
    'encapsulation.vlans==12',
    'encapsulation.tunnels.type==vxlan',
    'encapsulation.tunnels',
    'encapsulation.mplsLabels!=3',
  ],
  [
    'addr==2001:db8::8',
    'addr==2001:db9::/32',
    'addr==0.0.0.0/0',
    'client==[2001:db8::7]:443',
    'reuse.inTimeWait==false',
    'encapsulation.vlans!=12',
    'encapsulation.mplsLabels==3',
    'communityId contains 1',
  ],
);

describeFlow(
  'redacted addresses',
  exampleFlow({ server: { address: 'server-1', port: 9091 }, client: { address: 'client-7', port: 52814 } }),
  ['addr==server-1', 'server==server-1:9091', 'client==client-7', 'addr!=server-2', 'addr!=10.0.0.5'],
  ['addr==server-11', 'addr==10.0.0.0/8', 'server==server-1:9092', 'server==10.0.0.5:9091'],
);

describeFlow(
  'times',
  GRACEFUL,
  [
    'closedAt==2026-03-01T10:00:09.200300000Z',
    'closedAt==2026-03-01T10:00:09.2003Z',
    'closedAt==2026-03-01T12:00:09.2003+02:00',
    'closedAt==2026-03-01T07:30:09.2003-02:30',
    'closedAt=="2026-03-01 10:00:09.2003"',
    'closedAt==1772359209.2003',
    'firstPacket==1772359200',
    'closedAt>2026-03-01T10:00:09.200299999Z',
    'closedAt>2026-03-01',
    'closedAt<2026-03-02',
    'closedAt>2026-03-01T10:00',
    'firstPacket in {2026-03-01T09:00:00Z..2026-03-01T11:00:00Z}',
    'firstPacket in {1772359200..1772359201}',
    'reset.at==null',
  ],
  [
    'closedAt>2026-03-01T10:00:09.2003Z',
    'closedAt==2026-03-01T10:00:09Z',
    'reset.at<2030-01-01',
    'closedAt!=1772359209.2003',
  ],
);

test.each([
  'closedAt>24:00',
  'closedAt>2026-13-01',
  'closedAt>2026-03-01T24:00:00Z',
  'closedAt>2026-03-01T10:00:00+24:00',
  'closedAt>1772359200000',
  'closedAt>5s',
  'closedAt>0050-01-01',
  'addr==1.2.3',
  'addr==01.2.3.4',
  'addr==1.2.3.4/33',
  'addr==1.2.3.4/',
  'addr==::1/129',
  'addr==1::2::3',
  'addr==1:2:3:4:5:6:7:8:9',
  'addr==1:2:3:4:5:6:7',
  'addr==1:2:3:4:5:6:7::8',
  'addr==::1.2.3.4:5',
  'addr==1.2.3.4::',
  'addr==fe80::1%eth0',
  'addr==10.0.0.1:80',
  'client==localhost:80',
  'client==10.0.0.1:65536',
  'finwait2>1e999',
  'finwait2>5 s',
  'finwait2>constructor',
  'finwait2>1toString',
  'reuse.inTimeWait==1',
  'comparison.driftPpm>1ms',
  'port==-1',
  'port==0x50',
])('%s is refused', (expression) => {
  expect(() => parseWhere(expression)).toThrow(/ takes | missing /);
});
