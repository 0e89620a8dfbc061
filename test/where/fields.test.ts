import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FIELDS, type Field, parseWhere } from '../../src/where/where.ts';

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: (string | null)[];
  anyOf?: Schema[];
  items?: Schema | false;
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
}

const ROOT: { $defs: Record<string, Schema> } = JSON.parse(
  readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'),
);

/** A schema without references and null. */
function resolve(schema: Schema): Schema {
  const target = schema.$ref === undefined ? schema : ROOT.$defs[schema.$ref.slice('#/$defs/'.length)]!;
  return target.anyOf === undefined ? target : resolve(target.anyOf[0]!);
}

/** Every path below a schema with its own schema, elements of lists under the list's path. */
function paths(schema: Schema, path = ''): [path: string, schema: Schema][] {
  const own = resolve(schema);
  const element = own.prefixItems?.[0] ?? own.items;
  if (element) return paths(element, path);
  const below = Object.entries(own.properties ?? {}).flatMap(([name, property]) =>
    paths(property, path === '' ? name : `${path}.${name}`),
  );
  return path === '' ? below : [[path, own], ...below];
}

const SHORT = ['port', 'addr', 'closer', 'finwait1', 'finwait2', 'closing', 'timewait', 'closewait', 'lastack'];
const SCHEMA_PATHS = new Map(paths(resolve({ $ref: '#/$defs/Flow' })));
const byName = new Map(FIELDS.map((field) => [field.name, field]));

describe('the catalogue', () => {
  test('holds every path of the flow record and the short names, each once', () => {
    expect(FIELDS.map((field) => field.name).sort()).toEqual([...SHORT, ...SCHEMA_PATHS.keys()].sort());
  });

  test('gives the short names first', () => {
    expect(FIELDS.slice(0, SHORT.length).map((field) => field.name)).toEqual(SHORT);
  });

  test('has the enumerations of the schema', () => {
    const enumerated = [...SCHEMA_PATHS].filter(([, schema]) => schema.enum !== undefined);
    expect(enumerated.length).toBeGreaterThan(15);
    for (const [path, schema] of enumerated) {
      const field = byName.get(path)!;
      expect(field.type, path).toBe('enum');
      expect([...field.values].sort(), path).toEqual(schema.enum!.filter((value) => value !== null).sort());
    }
  });

  test('has types that agree with the schema', () => {
    const jsonType: Record<Field['type'], string[]> = {
      count: ['integer'],
      port: ['integer'],
      number: ['number'],
      seconds: ['number'],
      time: ['string'],
      text: ['string'],
      enum: ['string', ''],
      boolean: ['boolean'],
      address: ['string'],
      socket: ['object'],
      object: ['object', 'null'],
    };
    for (const [path, schema] of SCHEMA_PATHS) {
      const type = [schema.type ?? ''].flat().find((name) => name !== 'null') ?? 'null';
      expect(jsonType[byName.get(path)!.type], path).toContain(type);
    }
  });

  test('explains every field in one line', () => {
    for (const { name, help } of FIELDS) expect(help, name).toMatch(/^[^\n]{4,100}$/);
  });

  test('every field can stand alone and be compared with null', () => {
    for (const { name } of FIELDS) parseWhere(`${name} && ${name}==null && ${name}!=null`);
  });
});
