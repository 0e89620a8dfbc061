import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Where, WhereError } from '../../../where/where.ts';
import type { FlowStore } from '../data/store.ts';
import { readFilter } from './filter-box.tsx';
import { matching } from './order.ts';
import { readPlace, showPlace } from './permalink.ts';
import type { Selection } from './use-selection.ts';

export interface Filter {
  /** the expression that is applied, or that the address has and is wrong */
  text: string;
  /** 1 for each flow that matches */
  mask: Uint8Array;
  matches: number;
  filter(text: string, where: Where | null): void;
}

/** Milliseconds: browsers refuse to be told of a new address too often. */
const PAUSE = 250;

type Applied = Omit<Filter, 'filter'>;

/** What matches, and the address that says so, and which flow is selected. */
export function useFilter(flows: FlowStore, selection: Selection): Filter {
  const [applied, set] = useState<Applied>(() => applyText(flows, readPlace(location.hash).where ?? ''));
  const filter = useCallback((text: string, where: Where | null) => set(apply(flows, text, where)), [flows]);
  useEffect(() => {
    const onHash = () => {
      const { where, flow } = readPlace(location.hash);
      if (where !== null || flow === null) set(applyText(flows, where ?? ''));
    };
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, [flows]);
  const { text } = applied;
  const { named } = selection;
  useEffect(() => {
    const timer = setTimeout(() => showPlace({ flow: named, where: text }), PAUSE);
    return () => clearTimeout(timer);
  }, [named, text]);
  return { ...applied, filter };
}

function applyText(flows: FlowStore, text: string): Applied {
  const where = readFilter(text);
  return where instanceof WhereError ? { ...apply(flows, '', null), text } : apply(flows, text, where);
}

function apply(flows: FlowStore, text: string, where: Where | null): Applied {
  const mask = matching(flows, where);
  return { text, mask, matches: mask.reduce((sum, each) => sum + each, 0) };
}
