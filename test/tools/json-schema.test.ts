import { expect, test } from 'vitest';
import { createJsonSchemaCheck, formatPath } from '../../src/tools/json-schema.ts';

const check = (schema: object, value: unknown) =>
  createJsonSchemaCheck('Tool "t"', schema as never)(value).map((it) => `${it.path}: ${it.message}`);

const trip = {
  type: 'object',
  properties: {
    city: { type: 'string', minLength: 3 },
    days: { type: 'integer', minimum: 1 },
    class: { enum: ['eco', 'business'] },
    legs: { type: 'array', items: { $ref: '#/$defs/leg' } },
    when: { type: 'string', format: 'date' },
    'a/b~c d': { type: 'string' },
  },
  required: ['city'],
  additionalProperties: false,
  $defs: { leg: { type: 'object', properties: { from: { type: 'string' } }, required: ['from'] } },
};

test('S1.3 what fits has no issues', () => {
  expect(check(trip, { city: 'Oslo', days: 2, class: 'eco', legs: [{ from: 'x' }], when: '2026-01-01' })).toEqual([]);
});

test('S1.3 the reasons are those of the fields, the innermost only', () => {
  expect(check(trip, {})).toEqual([': Instance does not have required property "city".']);
  const wrong = {
    city: 'Os',
    days: 1.5,
    class: 'first',
    legs: [{}, { from: 1 }],
    when: 'soon',
    'a/b~c d': 1,
    more: true,
  };
  expect(check(trip, wrong)).toEqual([
    'city: String is too short (2 < 3).',
    'days: Instance type "number" is invalid. Expected "integer".',
    'class: Instance does not match any of ["eco","business"].',
    'legs[0]: Instance does not have required property "from".',
    'legs[1].from: Instance type "number" is invalid. Expected "string".',
    'when: String does not match format "date".',
    'a/b~c d: Instance type "number" is invalid. Expected "string".',
    'more: This property is not known.',
  ]);
});

test('S1.3 none of several that fit gives the reasons of each', () => {
  const either = { type: 'object', properties: { id: { anyOf: [{ type: 'string' }, { type: 'integer' }] } } };
  expect(check(either, { id: true })).toEqual([
    'id: Instance does not match any subschemas.',
    'id: Instance type "boolean" is invalid. Expected "string".',
    'id: Instance type "boolean" is invalid. Expected "integer".',
  ]);
});

test('S1.3 the names of an object are its own', () => {
  expect(check({ type: 'object', required: ['toString'] }, {})).toEqual([
    ': Instance does not have required property "toString".',
  ]);
});

test('S1.3 properties that are undefined are not there; what is no JSON does not fit', () => {
  expect(check(trip, { city: 'Oslo', days: undefined })).toEqual([]);
  expect(check(trip, { city: 'Oslo', days: 1n })).toEqual([
    ': value.days is a BigInt, which JSON cannot express; make it a string or a number',
  ]);
});

test('S1.3 the draft is the one the schema names, else 7', () => {
  const tuple = { type: 'object', properties: { a: { items: [{ type: 'string' }], additionalItems: false } } };
  expect(check(tuple, { a: ['x', 'y'] })).toEqual(['a[1]: This property is not known.']);
  const nullable = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { a: { $ref: '#/$defs/A', maxLength: 1 } },
    $defs: { A: { type: 'string' } },
  };
  expect(check(nullable, { a: 'xy' })).toEqual(['a: String is too long (2 > 1).']);
});

test('S1.3 references by anchor and to the root work', () => {
  const tree = {
    type: 'object',
    properties: { child: { $ref: '#' }, leaf: { $ref: '#leaf' } },
    $defs: { leaf: { $anchor: 'leaf', type: 'string' } },
  };
  expect(check(tree, { child: { child: { leaf: 7 } } })).toEqual([
    'child.child.leaf: Instance type "number" is invalid. Expected "string".',
  ]);
});

test('the schema that was given stays as it was', () => {
  const before = structuredClone(trip);
  check(trip, { city: 'Oslo' });
  expect(trip).toEqual(before);
  expect(Object.getOwnPropertyNames(trip)).toEqual(Object.getOwnPropertyNames(before));
});

test('paths read like code', () => {
  expect(formatPath([])).toBe('');
  expect(formatPath(['legs', 0, 'from'])).toBe('legs[0].from');
  expect(formatPath([0, 'a'])).toBe('[0].a');
  expect(formatPath([Symbol('s')])).toBe('Symbol(s)');
});
