/** The meaning of an expression, with every name resolved and every value in the type of its field. */

import type { Network } from './address.ts';
import type { Field } from './fields.ts';

export type Equality = '==' | '!=';
export type Order = '<' | '<=' | '>' | '>=';

/** A value that a field is compared with. */
export type Operand =
  | { kind: 'null' }
  /** a count, a port, or seconds */
  | { kind: 'number'; value: number }
  /** text, or a time in the report's form, which orders as text */
  | { kind: 'text'; value: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'network'; network: Network }
  | { kind: 'socket'; network: Network; port: number };

/** Numbers and times from `low` to `high`, both included. */
export interface Range {
  kind: 'range';
  low: number | string;
  high: number | string;
}

export type Node =
  | { op: 'or' | 'and'; items: readonly Node[] }
  | { op: 'not'; item: Node }
  /** a bare field */
  | { op: 'has'; field: Field }
  | { op: 'equal'; field: Field; operator: Equality; operand: Operand }
  | { op: 'order'; field: Field; operator: Order; bound: number | string }
  | { op: 'contains'; field: Field; text: string }
  | { op: 'in'; field: Field; choices: readonly (Operand | Range)[] };
