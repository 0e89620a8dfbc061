/** Which profile an end of a flow has: the one that the user names, else what its SYN or SYN-ACK tells. */

import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import { type Guess, guess, initialTtl } from './fingerprint.ts';
import { LINUX, type OsName, type OsProfile, PROFILES, type TimerOverrides, withOverrides } from './profiles.ts';

/** What the user says of systems. Data alone: other threads are told too. */
export interface SystemSettings extends TimerOverrides {
  /** of all addresses that aren't named; null: guess */
  system: OsName | null;
  /** of single addresses, as four words (flow/layout.ts) */
  named: readonly { words: readonly number[]; system: OsName | null }[];
}

/** Nothing said: every end is guessed. */
export const GUESSED: SystemSettings = { system: null, named: [] };

/** Of each kind of SYN: fingerprint, TTL, whether it is an answer. */
const KINDS_OF_SYN = 1 << (L.FINGERPRINT_BITS + 3);
const UNKNOWN = -1;

export class Systems {
  readonly settings: SystemSettings;
  /** with the user's timers, in the order of PROFILES */
  readonly profiles: readonly OsProfile[];
  /** index of the profile by kind of SYN: each is guessed once */
  private readonly guessed = new Int8Array(KINDS_OF_SYN).fill(UNKNOWN);
  /** of ends whose SYN was not seen */
  private readonly assumed: OsProfile;
  /** of all ends, where the user says so and names none; null: it depends */
  private readonly common: OsProfile | null;

  constructor(settings: SystemSettings) {
    this.settings = settings;
    this.profiles = PROFILES.map((profile) => withOverrides(profile, settings));
    this.assumed = this.profile(LINUX.name);
    const { system, named } = settings;
    this.common = system === null || named.length > 0 ? null : this.profile(system);
  }

  /** The system's profile, with the user's timers. */
  profile(os: OsName): OsProfile {
    return this.profiles[indexOf(os)]!;
  }

  /** By what the user says or this flow tells alone: Linux where neither does. */
  profileOf(view: FlowView, side: number): OsProfile {
    if (this.common !== null) return this.common;
    if (this.settings.named.length > 0) {
      const told = this.given(view, side);
      if (told !== null) return this.profile(told);
    }
    const flags = view.of(side, L.SIDE_FLAGS);
    if ((flags & L.SYN_SENT_FLAG) === 0) return this.assumed;
    const ttl = TTL_CLASSES[(flags & L.TTL_MASK) >>> L.TTL_SHIFT]!;
    const kind = view.fingerprint(side) | ttl | (isAnswer(view, side) ? KINDS_OF_SYN >> 1 : 0);
    let index = this.guessed[kind]!;
    if (index === UNKNOWN) {
      index = indexOf(guessOf(view, side).os);
      this.guessed[kind] = index;
    }
    return this.profiles[index]!;
  }

  /** What the user says of an end, null if nothing. */
  given(view: FlowView, side: number): OsName | null {
    const at = view.at + (side === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
    for (const { words, system } of this.settings.named) {
      if (words.every((word, i) => view.ints[at + i] === word)) return system;
    }
    return this.settings.system;
  }
}

/** Whether an end's first SYN, if any was seen, answered one. */
export function isAnswer(view: FlowView, side: number): boolean {
  return view.clientSide !== side;
}

/** What an end's SYN or SYN-ACK tells, of which there must be one. */
export function guessOf(view: FlowView, side: number): Guess {
  return guess(view.fingerprint(side), view.ttl(side), isAnswer(view, side));
}

/** By the TTL seen which of the initial ones it was, as bits of a kind of SYN. */
const TTL_CLASSES = Uint16Array.from({ length: 256 }, (_, ttl) => {
  return ([64, 128, 255].indexOf(initialTtl(ttl)) + 1) << L.FINGERPRINT_BITS;
});

function indexOf(os: OsName): number {
  return PROFILES.findIndex(({ name }) => name === os);
}
