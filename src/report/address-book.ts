import { SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { CERTAINTIES, type Certainty, evidenceWords } from '../teardown/fingerprint.ts';
import type { OsName, OsProfile } from '../teardown/profiles.ts';
import { guessOf, isAnswer, type Systems } from '../teardown/systems.ts';
import { nsToSeconds } from '../units.ts';
import type { Assumption } from './types.ts';

/** Addresses of which it takes note. */
const MOST = 65_536;

/** What the packets of an address tell of its system. */
interface Entry {
  os: OsName;
  certainty: Certainty;
  frame: number | null;
  why: string;
  /** systems that a packet of this address speaks for, and not only perhaps */
  all: Set<OsName>;
}

/**
 * What flows tell of the systems at their ends, by address: for ends of which no SYN was seen, and for the report's
 * assumptions. Of several packets the one that tells most counts, then the first. An end whose own SYN was seen goes by that.
 */
export class AddressBook {
  private readonly systems: Systems;
  private readonly most: number;
  private readonly entries = new Map<string, Entry>();
  private readonly trail = new Trail();

  constructor(systems: Systems, most = MOST) {
    this.systems = systems;
    this.most = most;
  }

  /** Takes note of what a flow's SYN and SYN-ACK tell. */
  learn(view: FlowView): void {
    for (let side = 0; side < 2; side++) {
      if (!view.sideHas(side, L.SYN_SENT_FLAG)) continue;
      const { os, certainty } = guessOf(view, side);
      const key = keyOf(view, side);
      let entry = this.entries.get(key);
      if (entry === undefined) {
        if (this.entries.size >= this.most) continue;
        entry = { os, certainty, frame: this.frameOf(view, side), why: wordsOf(view, side), all: new Set() };
        this.entries.set(key, entry);
      } else if (CERTAINTIES.indexOf(certainty) < CERTAINTIES.indexOf(entry.certainty)) {
        Object.assign(entry, { os, certainty, frame: this.frameOf(view, side), why: wordsOf(view, side) });
      }
      if (certainty === 'certain' || certainty === 'likely') entry.all.add(os);
    }
  }

  /** An end's profile: as the user says, by its own SYN, or by what its address is known for. */
  profileOf(view: FlowView, side: number): OsProfile {
    const { systems } = this;
    if (view.sideHas(side, L.SYN_SENT_FLAG) || systems.given(view, side) !== null) return systems.profileOf(view, side);
    const entry = this.entries.get(keyOf(view, side));
    return entry === undefined ? systems.profileOf(view, side) : systems.profile(entry.os);
  }

  /** What is assumed of the address of an end. */
  assumption(view: FlowView, side: number): Assumption {
    const { systems } = this;
    const given = systems.given(view, side);
    if (given !== null) return written(systems.profile(given), 'given', null, 'as told by --os');
    const entry = this.entries.get(keyOf(view, side));
    if (entry === undefined) {
      return written(systems.profileOf(view, side), 'assumed', null, 'no SYN or SYN-ACK of it in the flows listed');
    }
    const others = Array.from(entry.all).filter((os) => os !== entry.os);
    const why = others.length === 0 ? entry.why : `${entry.why}; others of its packets are of ${others.join(' and ')}`;
    const certainty = others.length === 0 ? entry.certainty : 'possible';
    return written(systems.profile(entry.os), certainty, entry.frame, why);
  }

  private frameOf(view: FlowView, side: number): number | null {
    const { trail } = this;
    view.loadTrail(trail);
    for (let i = 0; i < trail.count; i++) {
      if (trail.side[i] === side && (trail.flags[i]! & SYN) !== 0) return trail.frame[i]! >>> 0;
    }
    return null;
  }
}

function written(
  { name, timeWaitNs, timeWaitLatestNs, finWait2Ns }: OsProfile,
  certainty: Assumption['certainty'],
  frame: number | null,
  why: string,
): Assumption {
  return {
    os: name,
    basis: certainty === 'given' || certainty === 'assumed' ? 'assumed' : 'inferred',
    certainty,
    frame,
    why,
    timeWaitSeconds: nsToSeconds(timeWaitNs),
    timeWaitLatestSeconds: nsToSeconds(timeWaitLatestNs),
    finWait2Seconds: finWait2Ns === null ? null : nsToSeconds(finWait2Ns),
  };
}

function wordsOf(view: FlowView, side: number): string {
  return evidenceWords(view.fingerprint(side), view.ttl(side), isAnswer(view, side));
}

function keyOf({ ints, at }: FlowView, side: number): string {
  const from = at + (side === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
  return `${ints[from]},${ints[from + 1]},${ints[from + 2]},${ints[from + 3]}`;
}
