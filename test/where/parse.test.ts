import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWhere, WhereError } from '../../src/where/where.ts';

function errorOf(expression: string): WhereError {
  try {
    parseWhere(expression);
  } catch (error) {
    if (error instanceof WhereError) return error;
    throw error;
  }
  throw new Error(`${expression} is valid`);
}

/** Message, expression and carets of each wrong expression, as a user sees them. */
const GOLDEN = `
closer is never "sever": did you mean server?
  port==9091 && closer==sever
                        ^^^^^
there is no field "finwait3": did you mean finwait1?
  finwait3>5s
  ^^^^^^^^
there is no field "tcp.port": did you mean port?
  tcp.port==80
  ^^^^^^^^
there is no field "cause": did you mean reset.cause?
  cause==refused
  ^^^^^
there is no field "colour"
  !(colour==red)
    ^^^^^^
kind is never "closed": it is one of graceful, simultaneous, half-closed, aborted, aborted-after-fin, refused, unanswered, open
  kind == closed
          ^^^^^^
port takes a whole number from 0 to 65535, not "abc"
  port==abc
        ^^^
port takes a whole number from 0 to 65535, not "5s"
  port==5s
        ^^
port takes a whole number from 0 to 65535, not "65536"
  port in {80, 65536}
               ^^^^^
id takes a whole number, not "1.5"
  id==1.5
      ^^^
finwait2 takes a duration such as 5s, 200ms, 30us or 2m, not "5sec"
  finwait2>5sec
           ^^^^
addr takes an IPv4 or IPv6 address, or a network such as 10.0.0.0/8, not "10.0.0.256"
  addr==10.0.0.256
        ^^^^^^^^^^
client takes address:port, [IPv6]:port, an address or a network, not "10.0.0.1:99999"
  client==10.0.0.1:99999
          ^^^^^^^^^^^^^^
closedAt takes a time such as 2026-03-01T10:00:00Z or epoch seconds, not "2026-02-30"
  closedAt>2026-02-30
           ^^^^^^^^^^
reuse.inTimeWait takes true or false, not "yes"
  reuse.inTimeWait==yes
                    ^^^
reset has no value of its own: compare it with null, or one of its fields
  reset==client
         ^^^^^^
closer has no order: write == or !=
  closer<server
        ^
null has no order: write == or !=
  finwait2>null
           ^^^^
port is no text: contains can't search it
  port contains 80
       ^^^^^^^^
patterns are not supported: write contains
  history matches "F.*R"
          ^^^^^^^
patterns are not supported: write contains
  history ~ F
          ^
a single = compares nothing: write ==
  port=80
      ^
a single & means nothing here: write && or and
  port==80 & closer==server
           ^
"?" has no meaning here
  port==80 ?
           ^
a field is missing here
${'  '}
  ^
a field is missing here
  port==80 &&
             ^
a field is missing before ")"
  ()
   ^
a field is missing before "&&"
  && port==80
  ^^
a field is missing before "80"
  "80"==port
  ^^^^
a value for port is missing here
  port==
        ^
a value for port is missing before "&&"
  port== && kind==open
         ^^
an operator, && or || is missing before "closer"
  port==80 closer==server
           ^^^^^^
a closing ) is missing here
  (port==80
           ^
an operator, && or || is missing before "}"
  (port==80}
           ^
this ) closes nothing
  port==80)
          ^
the string that begins here has no closing "
  notes=="gap
         ^
in takes a set: {a, b} or {low..high}
  port in 80
          ^^
a value for port is missing before "}"
  port in {}
           ^
a comma or a closing } is missing here
  port in {80 81}
              ^^
closer has no order, so no ranges: list its values
  closer in {client..server}
                   ^^
the range ends before it begins
  port in {90..80}
               ^^
null has no order: write == or !=
  port in {null..80}
           ^^^^
`;

/** Of an expression that has one more parenthesis than is allowed. */
const TOO_DEEP = 'more than 100 parentheses inside one another';

describe('an error', () => {
  const cases = [...GOLDEN.matchAll(/^(\S.*)\n {2}(.*)\n( {2} *\^+)$/gm)].map(([text, , expression]) => [
    expression!,
    text,
  ]);

  test('has its examples here', () => {
    expect(cases.length).toBe(GOLDEN.trim().split('\n').length / 3);
  });

  test.each(cases)('%s', (expression, text) => {
    expect(errorOf(expression!).rendered).toBe(text);
  });

  test('carries message, position and length', () => {
    const error = errorOf('port==9091 && closer==sever');
    expect(error.message).toBe('closer is never "sever": did you mean server?');
    expect([error.position, error.length]).toEqual([22, 5]);
  });

  test('shows a part of a long expression', () => {
    const long = `port in {${Array.from({ length: 1000 }, (_, index) => index).join(', ')}, x, 1, 2}`;
    const [, expression, carets] = errorOf(long).rendered.split('\n');
    expect(expression).toMatch(/^ {2}….*, x, 1, 2\}$/);
    expect(expression!.indexOf('x')).toBe(carets!.indexOf('^'));
    const early = errorOf(`prt==1 ${'|| port==1 '.repeat(1000)}`).rendered.split('\n');
    expect(early[1]).toHaveLength(102);
    expect(early[1]).toMatch(/^ {2}prt==1 .*…$/);
    expect(early[2]).toBe('  ^^^');
  });

  test('puts nothing on the terminal that moves its cursor', () => {
    const { rendered } = errorOf('port==\u001b[2J\u202e\n\t"x');
    expect(rendered.split('\n')).toHaveLength(3);
    expect(rendered).not.toMatch(/[^\P{C}\n]/u);
  });

  test('marks the place below characters outside the basic plane', () => {
    expect(errorOf('notes==𝔉 && prt').rendered).toBe(
      'there is no field "prt": did you mean port?\n  notes==𝔉 && prt\n              ^^^',
    );
  });
});

describe('nesting', () => {
  test('of 100 parentheses is allowed, and any number of exclamation marks', () => {
    parseWhere(`${'('.repeat(100)}port${')'.repeat(100)}`);
    parseWhere(`${'(port)&&'.repeat(1000)}port`);
    parseWhere(`${'!'.repeat(100_000)}port`);
  });

  test.each([
    ['(', ''],
    ['!(', ''],
    ['(', `port${')'.repeat(100_000)}`],
  ])('of 100,000 %s is an error', (open, rest) => {
    const error = errorOf(open.repeat(100_000) + rest);
    expect(error.message).toBe(TOO_DEEP);
    expect(error.position).toBe(open.length * 101 - 1);
  });

  test('a long chain needs no depth', () => {
    parseWhere(Array.from({ length: 100_000 }, (_, id) => `id==${id}`).join(' || '));
  });

  test('long words, strings and runs of backslashes are read in linear time', () => {
    parseWhere(`notes=="${'\\'.repeat(1_000_000)}"`);
    parseWhere(`notes==${'a'.repeat(1_000_000)}`);
    expect(errorOf('a'.repeat(1_000_000)).message.length).toBeLessThan(80);
    expect(errorOf(`addr==${':'.repeat(1_000_000)}`).message.length).toBeLessThan(150);
    expect(errorOf(`port==${'1'.repeat(1_000_000)}`).message.length).toBeLessThan(150);
  });
});

describe('any text', () => {
  const pieces = ['port', 'closer', 'notes', 'client', 'reset', 'finwait2', 'firstPacket', 'addr', 'kind', 'server'];
  const glue = [
    '==',
    '!=',
    '<',
    '>=',
    'contains',
    'in',
    '{',
    '}',
    ',',
    '..',
    '(',
    ')',
    '!',
    'not',
    '&&',
    'or',
    '"',
    '\\',
  ];
  const values = [
    '5',
    '5s',
    'null',
    '10.0.0.0/8',
    '::1',
    '2026-03-01T10:00:00Z',
    'true',
    '[::1]:80',
    'x',
    '-1',
    '1e999',
  ];
  const likely = fc
    .array(fc.constantFrom(...pieces, ...glue, ...values), { maxLength: 12 })
    .map((tokens) => tokens.join(' '));

  test.each([
    ['random', fc.string({ unit: 'binary' })],
    ['likely', likely],
  ])('%s is an expression or a WhereError with a place inside it', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseWhere(text);
        } catch (error) {
          if (!(error instanceof WhereError)) throw error;
          expect(error.position).toBeLessThanOrEqual(text.length);
          expect(error.position + error.length).toBeLessThanOrEqual(text.length + 1);
          expect(error.rendered.split('\n')).toHaveLength(3);
          expect(error.message).not.toContain('\n');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
