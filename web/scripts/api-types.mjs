// Types of the HTTP API out of what the program says of itself (OpenAPI 3.1): node scripts/api-types.mjs [LUMBAR] [--check]
// writes src/shared/api-types.ts; with --check it only says whether the file is as the program has it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = process.argv.slice(2).find((a) => !a.startsWith('--')) ?? process.env.LUMBAR_BIN ?? join(root, 'build', 'dev', 'lumbar');
const target = join(root, 'web', 'src', 'shared', 'api-types.ts');
const api = JSON.parse(execFileSync(program, ['serve', '--openapi'], { maxBuffer: 1 << 28 }));

const nameOf = (ref) => ref.replace('#/components/schemas/', '').replace(/\W/g, '_');
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

function typeOf(schema) {
  if (!schema || schema === true || Object.keys(schema).length === 0) return 'Json';
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map((s) => { const t = typeOf(s); return t.includes('=>') ? `(${t})` : t; }).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'string': return 'string';
    case 'integer': case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': { const item = typeOf(schema.items); return /[ |]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`; }
    case 'object': {
      const own = Object.entries(schema.properties ?? {});
      if (own.length === 0) return `Record<string, ${typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : 'Json'}>`;
      const needed = new Set(schema.required ?? []);
      return `{ ${own.map(([name, value]) => `${key(name)}${needed.has(name) ? '' : '?'}: ${typeOf(value)}`).join('; ')} }`;
    }
    default: return 'Json';
  }
}

const lines = ["// Made by scripts/api-types.mjs from the program's own description of its API. Do not edit.", "import type { Json } from './api';", ''];
const reached = new Set();
const reach = (schema) => {
  JSON.stringify(schema ?? {}).replace(/"\$ref":"#\/components\/schemas\/([^"]+)"/g, (_, name) => {
    if (!reached.has(name)) { reached.add(name); reach(api.components.schemas[name]); }
    return '';
  });
};
const study = Object.entries(api.paths).filter(([path]) => !path.startsWith('/api/op/')).flatMap(([path, methods]) => Object.entries(methods).filter(([, o]) => o.tags?.includes('study')).map(([method, o]) => ({ path, method, o })));
const bodyOf = (o) => o.requestBody?.content?.['application/json']?.schema;
const answerOf = (o) => o.responses?.['200']?.content?.['application/json']?.schema;
for (const { o } of study) { reach(bodyOf(o)); reach(answerOf(o)); }
for (const name of [...reached].sort()) lines.push(`export type ${nameOf(name)} = ${typeOf(api.components.schemas[name])};`);
lines.push('', '/** Every route of a study: what is sent and what comes back. */', 'export interface Routes {');
for (const { path, method, o } of study) {
  const body = bodyOf(o), answer = answerOf(o);
  lines.push(`  '${method.toUpperCase()} ${path}': { body: ${body ? typeOf(body) : 'undefined'}; answer: ${answer ? typeOf(answer) : 'unknown'} };`);
}
lines.push('}', '');
const text = lines.join('\n');
if (process.argv.includes('--check')) {
  const same = existsSync(target) && readFileSync(target, 'utf8') === text;
  console.log(same ? 'the types are as the program has them' : 'src/shared/api-types.ts is out of date: node scripts/api-types.mjs');
  process.exit(same ? 0 : 1);
}
writeFileSync(target, text);
console.log(`${study.length} routes, ${reached.size} schemas`);
