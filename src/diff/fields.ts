/** Takes values out of parsed JSON that may be anything: each in its type, or an error that names its field. */

/** A field that is not what the schema says. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

const NAMES = { number: 'a number', string: 'text', boolean: 'true or false' } as const;

function described(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'object' ? 'an object' : NAMES[typeof value as keyof typeof NAMES];
}

/** An object, and where it stands: "totals.finWait2". */
export class Fields {
  readonly path: string;
  private readonly object: object;

  /** @throws FieldError where `value` is no object */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FieldError(`${path} is ${described(value)}, not an object`);
    }
    this.path = path;
    this.object = value;
  }

  get names(): string[] {
    return Object.keys(this.object);
  }

  get(name: string): unknown {
    return Object.hasOwn(this.object, name) ? (this.object as Record<string, unknown>)[name] : undefined;
  }

  fail(name: string, wanted: string): never {
    throw new FieldError(`${this.path}.${name} is ${described(this.get(name))}, not ${wanted}`);
  }

  isNull(name: string): boolean {
    return this.get(name) === null;
  }

  /** A number from 0. @throws FieldError */
  number(name: string): number {
    const value = this.get(name);
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) this.fail(name, 'a number from 0');
    return value;
  }

  text(name: string): string {
    const value = this.get(name);
    if (typeof value !== 'string') this.fail(name, 'text');
    return value;
  }

  flag(name: string): boolean {
    const value = this.get(name);
    if (typeof value !== 'boolean') this.fail(name, 'true or false');
    return value;
  }

  /** RFC 3339 in UTC with nine decimals. */
  time(name: string): string {
    const value = this.text(name);
    if (!TIME.test(value) || Number.isNaN(Date.parse(value))) {
      throw new FieldError(`${this.path}.${name} is no time as in 2026-03-01T12:00:00.000000000Z`);
    }
    return value;
  }

  /** One of a few words. */
  word<const T extends string>(name: string, words: readonly T[]): T {
    const value = this.get(name);
    const found = words.find((each) => each === value);
    if (found === undefined) throw new FieldError(`${this.path}.${name} is none of ${words.join(', ')}`);
    return found;
  }

  fields(name: string): Fields {
    return new Fields(this.get(name), `${this.path}.${name}`);
  }

  list(name: string): Fields[] {
    const value = this.get(name);
    if (!Array.isArray(value)) this.fail(name, 'a list');
    return value.map((item: unknown, index) => new Fields(item, `${this.path}.${name}[${index}]`));
  }

  /** null, or what `read` takes. */
  orNull<T>(name: string, read: (name: string) => T): T | null {
    return this.isNull(name) ? null : read.call(this, name);
  }
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$/;
