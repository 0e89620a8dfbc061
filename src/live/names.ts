/** Which interfaces there are, without any rights or programs. */

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** Names, in the kernel's order; outside Linux those that are up and have an address. */
export function interfaceNames(): string[] {
  return kernelNames() ?? Object.keys(networkInterfaces());
}

/**
 * False where a name is certainly none of an interface. Programs that capture take more than interfaces - a number of their own
 * lists, a pipe, another machine - which is not wanted here.
 */
export function isInterface(name: string): boolean {
  return kernelNames()?.includes(name) === true || !/^$|^-|^\d+$|[/@\s]/.test(name);
}

/** Of the network namespace in which we are, unlike /sys/class/net, which may show another's. */
function kernelNames(): string[] | null {
  try {
    const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
    return lines.flatMap((line) => /^\s*(.*):/.exec(line)?.[1] ?? []);
  } catch {
    return null;
  }
}
