/**
 * The grammar of --where:
 *
 *     or         = and { ('||' | 'or') and }
 *     and        = not { ('&&' | 'and') not }
 *     not        = { '!' | 'not' } primary
 *     primary    = '(' or ')' | comparison
 *     comparison = field [ ('==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains') value
 *                        | 'in' '{' value [ '..' value ] { ',' value [ '..' value ] } '}' ]
 */

import type { Equality, Node, Operand, Order, Range } from './ast.ts';
import { quote, WhereError } from './error.ts';
import { type Field, findField, nearestField } from './fields.ts';
import { readOperand } from './operands.ts';
import { type Token, tokenize } from './tokens.ts';

/** Parentheses inside one another; the parser and the evaluator recurse once for each. */
const MAX_DEPTH = 100;

/** Wireshark's words for the operators. */
const OPERATORS: ReadonlyMap<string, Equality | Order> = new Map([
  ['==', '=='],
  ['eq', '=='],
  ['!=', '!='],
  ['ne', '!='],
  ['<', '<'],
  ['lt', '<'],
  ['<=', '<='],
  ['le', '<='],
  ['>', '>'],
  ['gt', '>'],
  ['>=', '>='],
  ['ge', '>='],
]);

const ORDERED: ReadonlySet<string> = new Set(['count', 'port', 'number', 'seconds', 'time']);
const TEXTUAL: ReadonlySet<string> = new Set(['text', 'enum', 'address', 'socket']);

/** The tree of an expression. @throws WhereError */
export function parse(expression: string): Node {
  return new Parser(expression).parse();
}

class Parser {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = tokenize(expression);
  }

  parse(): Node {
    const node = this.#or();
    if (this.#peek.kind !== 'end') this.#fail(this.#peek, this.#afterComparison());
    return node;
  }

  get #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek;
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  /** Whether the next token is one of these symbols or words (in any case), and then past it. */
  #accept(...spellings: string[]): boolean {
    const token = this.#peek;
    if (token.kind === 'string' || !spellings.includes(token.text.toLowerCase())) return false;
    this.#next++;
    return true;
  }

  #fail(token: Token, message: string): never {
    throw new WhereError(this.#expression, token.position, token.length, message);
  }

  #or(): Node {
    const items = [this.#and()];
    while (this.#accept('||', 'or')) items.push(this.#and());
    return items.length === 1 ? items[0]! : { op: 'or', items };
  }

  #and(): Node {
    const items = [this.#not()];
    while (this.#accept('&&', 'and')) items.push(this.#not());
    return items.length === 1 ? items[0]! : { op: 'and', items };
  }

  #not(): Node {
    let negated = false;
    while (this.#accept('!', 'not')) negated = !negated;
    const item = this.#primary();
    return negated ? { op: 'not', item } : item;
  }

  #primary(): Node {
    const open = this.#peek;
    if (!this.#accept('(')) return this.#comparison();
    if (++this.#depth > MAX_DEPTH) this.#fail(open, `more than ${MAX_DEPTH} parentheses inside one another`);
    const node = this.#or();
    if (!this.#accept(')')) {
      this.#fail(this.#peek, this.#peek.kind === 'end' ? 'a closing ) is missing here' : this.#afterComparison());
    }
    this.#depth--;
    return node;
  }

  #afterComparison(): string {
    const { kind, text } = this.#peek;
    if (text === ')' && kind === 'symbol') return 'this ) closes nothing';
    if (kind === 'word' && ['matches', 'like'].includes(text)) return 'patterns are not supported: write contains';
    return `an operator, && or || is missing before ${quote(text)}`;
  }

  #comparison(): Node {
    const field = this.#field();
    if (this.#accept('contains')) return this.#contains(field);
    if (this.#accept('in')) return this.#in(field);
    const token = this.#peek;
    const operator = token.kind === 'string' ? undefined : OPERATORS.get(token.text.toLowerCase());
    if (operator === undefined) return { op: 'has', field };
    this.#next++;
    const value = this.#peek;
    if (operator === '==' || operator === '!=') return { op: 'equal', field, operator, operand: this.#operand(field) };
    if (!ORDERED.has(field.type)) this.#fail(token, `${field.name} has no order: write == or !=`);
    return { op: 'order', field, operator, bound: this.#bound(value, this.#operand(field)) };
  }

  #field(): Field {
    const token = this.#take();
    if (token.kind === 'end') this.#fail(token, 'a field is missing here');
    if (token.kind !== 'word' || ['and', 'or', 'in', 'contains'].includes(token.text.toLowerCase())) {
      this.#fail(token, `a field is missing before ${quote(token.text)}`);
    }
    const field = findField(token.text);
    if (field !== undefined) return field;
    const like = nearestField(token.text);
    return this.#fail(token, `there is no field ${quote(token.text)}${like === null ? '' : `: did you mean ${like}?`}`);
  }

  #contains(field: Field): Node {
    const operator = this.#tokens[this.#next - 1]!;
    if (!TEXTUAL.has(field.type)) this.#fail(operator, `${field.name} is no text: contains can't search it`);
    return { op: 'contains', field, text: this.#value(field).text };
  }

  #in(field: Field): Node {
    if (!this.#accept('{')) this.#fail(this.#peek, 'in takes a set: {a, b} or {low..high}');
    const choices: (Operand | Range)[] = [];
    do {
      const first = this.#peek;
      const low = this.#operand(field);
      const dots = this.#peek;
      if (!this.#accept('..')) {
        choices.push(low);
        continue;
      }
      if (!ORDERED.has(field.type)) this.#fail(dots, `${field.name} has no order, so no ranges: list its values`);
      const last = this.#peek;
      choices.push(this.#range(first, low, last, this.#operand(field)));
    } while (this.#accept(','));
    if (!this.#accept('}')) this.#fail(this.#peek, 'a comma or a closing } is missing here');
    return { op: 'in', field, choices };
  }

  #range(first: Token, lowest: Operand, last: Token, highest: Operand): Range {
    const [low, high] = [this.#bound(first, lowest), this.#bound(last, highest)];
    if (low > high) this.#fail(last, 'the range ends before it begins');
    return { kind: 'range', low, high };
  }

  /** The token of a value; symbols are none. */
  #value(field: Field): Token {
    const token = this.#take();
    if (token.kind === 'end') this.#fail(token, `a value for ${field.name} is missing here`);
    if (token.kind === 'symbol') this.#fail(token, `a value for ${field.name} is missing before ${quote(token.text)}`);
    return token;
  }

  #operand(field: Field): Operand {
    const token = this.#value(field);
    const operand = readOperand(field, token);
    return typeof operand === 'string' ? this.#fail(token, operand) : operand;
  }

  #bound(token: Token, operand: Operand): number | string {
    if (operand.kind === 'number' || operand.kind === 'text') return operand.value;
    return this.#fail(token, 'null has no order: write == or !=');
  }
}
