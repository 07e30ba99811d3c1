import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod3';
import { modelSchema, takeConfirmFlag } from '../../src/tools/confirm.ts';
import type { DuplicateMode } from '../../src/tools/policy.ts';
import { resolveSchema, type ToolParameters } from '../../src/tools/schema.ts';

const place = (parameters: ToolParameters | undefined, onDuplicate: DuplicateMode | undefined, strict?: boolean) => ({
  name: 'book',
  schema: resolveSchema(parameters),
  policy: { onDuplicate },
  ...(strict === undefined ? {} : { strict }),
});

describe('S4.2 confirm_duplicate', () => {
  test('S4.2 is an optional boolean in the schema, in a copy', () => {
    const tool = place(z.object({ from: z.string() }), 'confirm');
    expect(modelSchema(tool, 'Only when confirmed.')).toEqual({
      type: 'object',
      properties: {
        from: { type: 'string' },
        confirm_duplicate: { type: 'boolean', description: 'Only when confirmed.' },
      },
      required: ['from'],
    });
    expect(tool.schema.jsonSchema).not.toHaveProperty('properties.confirm_duplicate');
    expect(modelSchema(place(undefined, 'confirm'), 'x')).toMatchObject({ properties: { confirm_duplicate: {} } });
    expect(modelSchema(place(undefined, 'confirm'), 'x')).not.toHaveProperty('required');
  });

  test('S4.2 is required and nullable where the schema is strict', () => {
    expect(modelSchema(place(z.object({ from: z.string() }), 'confirm', true), 'x')).toMatchObject({
      properties: { confirm_duplicate: { type: ['boolean', 'null'], description: 'x' } },
      required: ['from', 'confirm_duplicate'],
    });
    expect(modelSchema(place(undefined, 'confirm', true), 'x')).toHaveProperty('required', ['confirm_duplicate']);
  });

  test('S4.2 is not there in any other mode', () => {
    for (const mode of [undefined, 'join', 'allow', 'reject', 'replace'] as const) {
      const tool = place(z.object({ from: z.string() }), mode);
      expect(modelSchema(tool, 'x')).toBe(tool.schema.jsonSchema);
    }
  });

  test('S4.2 is refused where the parameters have one, also when that is known late', async () => {
    const tool = place(z3.object({ confirm_duplicate: z3.boolean() }), 'confirm');
    expect(() => modelSchema(tool, 'x')).toThrow('Tool "book": its schema is not loaded. Await schema.load() first.');
    await tool.schema.load();
    expect(() => modelSchema(tool, 'x')).toThrow(`Tool "book": its parameters have a "confirm_duplicate"`);
  });

  test('S4.2 is taken out of the arguments', () => {
    expect(takeConfirmFlag({ from: 'Oslo', confirm_duplicate: true })).toEqual({
      args: { from: 'Oslo' },
      confirmed: true,
    });
    expect(takeConfirmFlag({ confirm_duplicate: 'true' })).toEqual({ args: {}, confirmed: true });
    for (const flag of [false, null, 'false', 'yes', 1, {}]) {
      expect(takeConfirmFlag({ confirm_duplicate: flag })).toEqual({ args: {}, confirmed: false });
    }
    expect(takeConfirmFlag({ from: 'Oslo' })).toEqual({ args: { from: 'Oslo' }, confirmed: false });
  });
});
