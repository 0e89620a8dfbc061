/** The interfaces that there are, and whether we may capture on them. */

import { networkInterfaces } from 'node:os';
import { InputError } from '../input/errors.ts';
import { CAP_CHILD } from './cap.ts';
import { CAP_LIST, type CapDevice } from './cap-task.ts';
import type { Backend } from './capture.ts';
import { interfaceNames } from './names.ts';
import { findProgram, outputOf } from './programs.ts';
import { startCapture } from './start.ts';

export interface InterfaceInfo {
  name: string;
  /** as libpcap describes it, mostly null */
  description: string | null;
  /** without prefix lengths */
  addresses: string[];
  /** null: not known */
  up: boolean | null;
  loopback: boolean;
  /** the program by which we can capture on it, as `--backend auto` chooses; null: none can */
  backend: Backend | null;
  /** why none can, in a few words; null where one can */
  reason: string | null;
}

type Device = Pick<InterfaceInfo, 'name' | 'description' | 'up' | 'loopback'>;

/** What libpcap lists and carries no TCP. */
const OTHER = /^(bluetooth|dbus-|usbmon|nfqueue|can\d)/;
const DOWN = 'it is down';

/** In libpcap's order, those in use first. Opens one of them for a moment, to see whether we may. */
export async function listInterfaces(): Promise<InterfaceInfo[]> {
  const [told, listed] = await Promise.all([listOfTcpdump(), listOfCap()]);
  const inUse = networkInterfaces();
  const names = [...new Set([...told.keys(), ...(listed?.map(({ name }) => name) ?? []), ...interfaceNames()])];
  const devices = names
    .filter((name) => !OTHER.test(name))
    .map((name): Device & Pick<InterfaceInfo, 'addresses'> => {
      const own = listed?.find((each) => each.name === name);
      const used = inUse[name];
      const fallback: Device = {
        name,
        description: own?.description ?? null,
        up: used === undefined ? null : true,
        loopback: own?.flags === 'PCAP_IF_LOOPBACK' || used?.[0]?.internal === true,
      };
      const addresses = own?.addresses.flatMap(({ addr }) => addr ?? []) ?? used?.map(({ address }) => address) ?? [];
      return { ...fallback, ...told.get(name), addresses };
    });
  const { backend, reason } = await tryOne(devices);
  return devices.map((device) =>
    device.up === false ? { ...device, backend: null, reason: DOWN } : { ...device, backend, reason },
  );
}

/** Rights are the same for every interface, so one tells. */
async function tryOne(devices: readonly Device[]): Promise<Pick<InterfaceInfo, 'backend' | 'reason'>> {
  const up = devices.filter((device) => device.up !== false);
  // What goes over the loopback interface disturbs nobody, and no driver is put into promiscuous mode.
  const one = up.find(({ loopback }) => loopback) ?? up[0];
  if (one === undefined) return { backend: null, reason: 'none is up' };
  try {
    const options = { interface: one.name, backend: 'auto', filter: null, bufferKiB: 1024 } as const;
    const capture = await startCapture(options);
    capture.stream.resume();
    capture.kill();
    await capture.ended;
    return { backend: capture.source.backend, reason: null };
  } catch (error) {
    if (error instanceof InputError) return { backend: null, reason: error.why };
    throw error;
  }
}

/** cap lists without any rights; in a process of its own, as it captures. */
async function listOfCap(): Promise<CapDevice[] | null> {
  const text = await outputOf(process.execPath, [CAP_CHILD, CAP_LIST]);
  return text === null ? null : (JSON.parse(text) as CapDevice[]);
}

/** tcpdump needs no rights for it either, and says what is up: `1.eth0 (a description) [Up, Running]`. */
async function listOfTcpdump(): Promise<Map<string, Device>> {
  const program = findProgram('tcpdump');
  const text = program?.runs === true ? await outputOf(program.path, ['-D']) : null;
  const found = new Map<string, Device>();
  for (const line of (text ?? '').split('\n')) {
    const [, name, description = null, flags = null] = /^\d+\.(\S+)(?: \((.*)\))?(?: \[(.*)\])?$/.exec(line) ?? [];
    if (name === undefined) continue;
    const words = flags?.split(', ') ?? null;
    const up = words === null ? null : words.includes('Up');
    found.set(name, { name, description, up, loopback: words?.includes('Loopback') === true });
  }
  return found;
}
